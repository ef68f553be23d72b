//! The words of notices, in one place: WhatsApp's templates as they are to be registered with Meta, and the same
//! sentences as mails.
//!
//! Of a pupil the given names alone, and never what a stranger over a shoulder should not read: no RUN, no family name,
//! no course, no reason.
//!
//! How to add one more: a line in [`TEMPLATES`], and the template at Meta under the same name (`docs/whatsapp.md`).

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::delivery::Says;
use domain::guardian::notices::Language;

/// Characters of a parameter, at most.
const LONGEST: usize = 120;

/// What a notice is written from.
pub struct Facts<'a> {
    /// The pupils' given names.
    pub names: &'a [String],
    /// The instant that it speaks of.
    pub at: DateTime<Utc>,
    /// The school's zone.
    pub zone: Tz,
    /// The school's name.
    pub school: &'a str,
    /// Subject and text of a broadcast, if it is one.
    pub message: Option<(&'a str, &'a str)>,
}

/// One notice: its template's name, and its subject and sentence in both languages. `{{…}}` are parameters, by the
/// names that Meta knows them by; a sentence neither begins nor ends with one.
struct Template {
    says: Says,
    name: &'static str,
    es: (&'static str, &'static str),
    en: (&'static str, &'static str),
}

const TEMPLATES: [Template; 12] = [
    Template {
        says: Says::NoEntry,
        name: "aviso_no_ingreso",
        es: (
            "Sin registro de ingreso",
            "Aviso de {{colegio}}: a las {{hora}} no hay registro del ingreso de {{alumno}}. Si sabe dónde está, avise al colegio; si no, llame de inmediato.",
        ),
        en: (
            "No entry on record",
            "Notice from {{colegio}}: at {{hora}} there is no entry of {{alumno}} on record. If you know where they are, please tell the school; if not, call it at once.",
        ),
    },
    Template {
        says: Says::Arrived,
        name: "aviso_llegada",
        es: (
            "Ya ingresó",
            "Aviso de {{colegio}}: ya se registró el ingreso de {{alumno}}, a las {{hora}}. El aviso anterior queda sin efecto.",
        ),
        en: (
            "Has arrived",
            "Notice from {{colegio}}: the entry of {{alumno}} is on record now, at {{hora}}. Please disregard the notice before.",
        ),
    },
    Template {
        says: Says::WasThere,
        name: "aviso_estaba",
        es: (
            "Corrección: sí había ingresado",
            "Corrección de {{colegio}}: el ingreso de {{alumno}} fue a las {{hora}} y se registró tarde. El aviso anterior fue un error; disculpe la preocupación.",
        ),
        en: (
            "Correction: had entered in time",
            "Correction from {{colegio}}: {{alumno}} had entered at {{hora}}, which was recorded late. The notice before was wrong; we are sorry for the worry.",
        ),
    },
    Template {
        says: Says::NotExpected,
        name: "aviso_no_esperado",
        es: (
            "Corrección del aviso",
            "Corrección de {{colegio}}: no se esperaba el ingreso de {{alumno}} a esa hora. El aviso anterior fue un error; disculpe la preocupación.",
        ),
        en: (
            "Correction",
            "Correction from {{colegio}}: no entry of {{alumno}} was expected at that time. The notice before was wrong; we are sorry for the worry.",
        ),
    },
    Template {
        says: Says::LeftEarly,
        name: "aviso_retiro_registrado",
        es: (
            "Corrección: había sido retirado",
            "Corrección de {{colegio}}: el retiro de {{alumno}} a las {{hora}}, con un adulto autorizado, se registró tarde. El aviso anterior queda sin efecto.",
        ),
        en: (
            "Correction: had been collected",
            "Correction from {{colegio}}: {{alumno}} was collected at {{hora}} by an authorised adult, which was recorded late. Please disregard the notice before.",
        ),
    },
    Template {
        says: Says::Justified,
        name: "aviso_justificado",
        es: (
            "Inasistencia informada",
            "Aviso de {{colegio}}: la inasistencia de {{alumno}} ya está informada al colegio. El aviso anterior queda sin efecto.",
        ),
        en: (
            "Absence is known",
            "Notice from {{colegio}}: the school knows of the absence of {{alumno}} now. Please disregard the notice before.",
        ),
    },
    Template {
        says: Says::Entered,
        name: "aviso_ingreso",
        es: (
            "Ingresó al colegio",
            "Aviso de {{colegio}}: se registró el ingreso de {{alumno}} a las {{hora}}. Puede cambiar estos avisos en la página de familias.",
        ),
        en: (
            "Has entered",
            "Notice from {{colegio}}: the entry of {{alumno}} was recorded at {{hora}}. You can change these notices on the families' page.",
        ),
    },
    Template {
        says: Says::WentOut,
        name: "aviso_salida",
        es: (
            "Salió del colegio",
            "Aviso de {{colegio}}: se registró la salida de {{alumno}} a las {{hora}}. Puede cambiar estos avisos en la página de familias.",
        ),
        en: (
            "Has left",
            "Notice from {{colegio}}: the exit of {{alumno}} was recorded at {{hora}}. You can change these notices on the families' page.",
        ),
    },
    Template {
        says: Says::CameLate,
        name: "aviso_atraso",
        es: (
            "Ingresó con atraso",
            "Aviso de {{colegio}}: se registró con atraso el ingreso de {{alumno}}, a las {{hora}}. Si hay un motivo, puede justificarlo en la página de familias.",
        ),
        en: (
            "Came late",
            "Notice from {{colegio}}: the entry of {{alumno}} was recorded late, at {{hora}}. If there is a reason, you can tell it on the families' page.",
        ),
    },
    Template {
        says: Says::LeftBeforeEnd,
        name: "aviso_salida_anticipada",
        es: (
            "Salida antes del término de la jornada",
            "Aviso de {{colegio}}: se registró la salida de {{alumno}} a las {{hora}}, antes del término de la jornada. Si no lo esperaba, llame al colegio.",
        ),
        en: (
            "Left before the end of the day",
            "Notice from {{colegio}}: the exit of {{alumno}} was recorded at {{hora}}, before the end of the day. If you did not expect this, please call the school.",
        ),
    },
    Template {
        says: Says::Collected,
        name: "aviso_retiro",
        es: (
            "Retiro registrado",
            "Aviso de {{colegio}}: se registró el retiro de {{alumno}} a las {{hora}}, con una persona autorizada. Si no lo esperaba, llame al colegio.",
        ),
        en: (
            "Was collected",
            "Notice from {{colegio}}: {{alumno}} was collected at {{hora}} by an authorised person. If you did not expect this, please call the school.",
        ),
    },
    Template {
        says: Says::Broadcast,
        name: "comunicado",
        es: (
            "Comunicado",
            "Comunicado de {{colegio}}: «{{asunto}}». El texto completo está en la página de familias del colegio.",
        ),
        en: (
            "Message",
            "Message from {{colegio}}: \u{201c}{{asunto}}\u{201d}. The whole text is on the school's page for families.",
        ),
    },
];

/// A template with its parameters, as WhatsApp's Cloud API takes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filled {
    /// Its name at Meta.
    pub name: &'static str,
    /// The code of its translation; another is another template.
    pub language: &'static str,
    /// Its parameters, by name, in the order of the sentence.
    pub parameters: Vec<(&'static str, String)>,
}

fn template(says: Says) -> &'static Template {
    // There is one of each, and a test says so.
    TEMPLATES.iter().find(|template| template.says == says).unwrap_or(&TEMPLATES[0])
}

fn text(template: &'static Template, language: Language) -> (&'static str, &'static str) {
    match language {
        Language::Es => template.es,
        Language::En => template.en,
    }
}

/// The code of a language at Meta.
pub const fn code(language: Language) -> &'static str {
    match language {
        Language::Es => "es_CL",
        Language::En => "en",
    }
}

/// Every template in every language, as it is to be registered: name, code of the language, sentence.
pub fn templates() -> Vec<(&'static str, &'static str, &'static str)> {
    let both = |template: &'static Template| {
        [Language::Es, Language::En].map(|language| (template.name, code(language), text(template, language).1))
    };
    TEMPLATES.iter().flat_map(both).collect()
}

/// The names of a sentence's parameters, in order.
pub fn parameters(sentence: &'static str) -> Vec<&'static str> {
    sentence.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()).collect()
}

/// A template, filled.
pub fn filled(says: Says, language: Language, facts: &Facts<'_>) -> Filled {
    let template = template(says);
    let names = parameters(text(template, language).1);
    let parameters = names.into_iter().map(|name| (name, value(name, language, facts))).collect();
    Filled { name: template.name, language: code(language), parameters }
}

fn value(parameter: &str, language: Language, facts: &Facts<'_>) -> String {
    match parameter {
        "asunto" => fit(facts.message.map_or("", |(subject, _)| subject), "…"),
        "hora" => facts.at.with_timezone(&facts.zone).format("%H:%M").to_string(),
        "colegio" => fit(
            facts.school,
            match language {
                Language::Es => "su colegio",
                Language::En => "your school",
            },
        ),
        _ => fit(
            &listed(facts.names, language),
            match language {
                Language::Es => "su hijo o hija",
                Language::En => "your child",
            },
        ),
    }
}

/// `Ana, Eva y Leo`.
fn listed(names: &[String], language: Language) -> String {
    let and = match language {
        Language::Es => " y ",
        Language::En => " and ",
    };
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => [&first.join(", "), last.as_str()].join(and),
    }
}

/// A value as WhatsApp takes it: no line break, no tab, no four spaces, not empty, not endless.
fn fit(value: &str, instead: &str) -> String {
    let printable = value.chars().map(|c| if c.is_control() { ' ' } else { c });
    let words = printable.collect::<String>();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    // Braces would look like a parameter.
    let kept: String = words.chars().filter(|c| !"{}".contains(*c)).take(LONGEST).collect();
    if kept.trim().is_empty() { instead.to_owned() } else { kept }
}

/// A mail: subject, text and HTML. A broadcast's has its own words.
pub fn mail(says: Says, language: Language, facts: &Facts<'_>) -> (String, String, String) {
    let (subject, sentence) = text(template(says), language);
    let school = value("colegio", language, facts);
    let (subject, said) = match facts.message {
        Some((subject, text)) => (format!("{school}: {}", fit(subject, "…")), text.to_owned()),
        None => {
            let filled = |said: String, name: &'static str| {
                said.replace(&format!("{{{{{name}}}}}"), &value(name, language, facts))
            };
            (format!("{school}: {subject}"), parameters(sentence).into_iter().fold(sentence.to_owned(), filled))
        }
    };
    let (lang, end) = match language {
        Language::Es => (
            "es",
            "Este correo se envía automáticamente. Puede cambiar qué avisos recibe en la página de familias del colegio.",
        ),
        Language::En => (
            "en",
            "This mail is sent automatically. You can change which notices you get on the school's page for families.",
        ),
    };
    let [title, small] = [&subject, end].map(escaped);
    let paragraphs = said.split("\n\n").map(|part| format!("<p>{}</p>", escaped(part).replace('\n', "<br>")));
    let body = paragraphs.collect::<String>();
    let page = format!(
        "<!DOCTYPE html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body>{body}<p><small>{small}</small></p></body></html>"
    );
    (subject, format!("{said}\n\n{end}\n"), page)
}

/// A text within HTML. Pages are `web`'s; this one sentence is not worth a library of pages here.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(names: &'a [String], school: &'a str) -> Facts<'a> {
        let at = "2026-03-09T11:15:00Z".parse().unwrap();
        Facts { names, at, zone: chrono_tz::America::Santiago, school, message: None }
    }
    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn every_notice_has_words_in_both_languages_that_meta_would_take() {
        for says in Says::ALL {
            assert_eq!(TEMPLATES.iter().filter(|template| template.says == *says).count(), 1, "{says}");
        }
        for (name, language, sentence) in templates() {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert!(!sentence.starts_with("{{") && !sentence.ends_with("}}"), "{name} {language}");
            assert!(sentence.matches("{{").count() == sentence.matches("}}").count(), "{name} {language}");
            assert!(
                parameters(sentence).iter().all(|name| ["alumno", "hora", "colegio", "asunto"].contains(name)),
                "{sentence}"
            );
            assert!(sentence.contains("{{alumno}}") || name == "comunicado", "{name} {language}");
        }
    }

    #[test]
    fn d15_the_document_that_a_school_registers_its_templates_from_says_the_same_as_the_program() {
        let document = include_str!("../../docs/whatsapp.md");
        for (name, language, sentence) in templates() {
            assert!(
                document.contains(&format!("| `{name}` | `{language}` | {sentence} |")),
                "| `{name}` | `{language}` | {sentence} |"
            );
        }
    }

    #[test]
    fn a_name_with_line_breaks_four_spaces_or_nothing_in_it_is_a_parameter_all_the_same() {
        let of = |name: &str| value("alumno", Language::Es, &facts(&names(&[name]), "Liceo"));
        assert_eq!(of("Ana\r\nMaría"), "Ana María");
        assert_eq!(of("Ana     \t María "), "Ana María");
        assert_eq!(of("Sofía 🌸"), "Sofía 🌸");
        assert_eq!(of("{{hora}}"), "hora");
        for empty in ["", "   ", "\n\t", "{}"] {
            assert_eq!(of(empty), "su hijo o hija");
        }
        assert_eq!(of(&"a".repeat(500)).len(), LONGEST);
    }

    #[test]
    fn brothers_are_named_together_and_the_hour_is_the_schools() {
        let all = names(&["Ana", "Eva", "Leo"]);
        let filled = filled(Says::NoEntry, Language::Es, &facts(&all, "Liceo"));
        assert_eq!((filled.name, filled.language), ("aviso_no_ingreso", "es_CL"));
        let parameters: Vec<_> = filled.parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(parameters, [("colegio", "Liceo"), ("hora", "08:15"), ("alumno", "Ana, Eva y Leo")]);
        let (subject, text, html) = mail(Says::Arrived, Language::En, &facts(&all[..2], "Liceo <b>"));
        assert_eq!(subject, "Liceo <b>: Has arrived");
        assert!(text.contains("the entry of Ana and Eva is on record now, at 08:15."), "{text}");
        assert!(html.contains("Liceo &lt;b&gt;: Has arrived") && html.contains("Ana and Eva"), "{html}");
    }
}
