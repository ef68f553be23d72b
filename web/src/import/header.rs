//! Which column holds what, by its header in Spanish or English, however it is written.

use super::sheet::{SheetRow, column_letters};
use commands::use_cases::fold;
use commands::use_cases::import_roster::Place;

/// What one column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The pupil's RUN, with or without its check digit.
    Run,
    /// The pupil's check digit in a column of its own.
    CheckDigit,
    /// Given and family names in one cell, given names first.
    FullName,
    /// Given and family names in one cell, family names first.
    FullNameFamilyFirst,
    /// Given names (the first, or all).
    Given,
    /// The second given name.
    SecondGiven,
    /// Both family names.
    Family,
    /// The first family name.
    Paternal,
    /// The second family name.
    Maternal,
    /// Grade and letter.
    Course,
    /// Grade without letter.
    Grade,
    /// Letter without grade.
    Letter,
    /// A guardian's field; guardians are numbered from 0 in the order of their columns.
    Guardian(usize, GuardianField),
}

/// What a guardian's column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardianField {
    /// The whole name, or the given names.
    Name,
    /// Family names, written after the name.
    Family,
    /// The second family name, where it has its own column.
    Maternal,
    /// RUN, with or without its check digit.
    Run,
    /// Check digit in a column of its own.
    CheckDigit,
    /// Phone.
    Phone,
    /// Mail address.
    Mail,
}

/// The columns of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The header row's number.
    pub row: u32,
    /// Per column: what it holds, if anything we take.
    pub fields: Vec<Option<Field>>,
    /// The headers as written.
    pub headers: Vec<String>,
    /// How many guardians have columns.
    pub guardians: usize,
}

impl Layout {
    /// The column that holds `field`.
    pub fn column(&self, field: Field) -> Option<usize> {
        self.fields.iter().position(|f| *f == Some(field))
    }

    /// The column that a person should look at for a problem at `place`: letter and header.
    pub fn column_of(&self, place: Place) -> Option<(String, String)> {
        let candidates = match place {
            Place::Row => vec![],
            Place::Run => vec![Field::Run, Field::CheckDigit],
            Place::Names => vec![Field::FullName, Field::FullNameFamilyFirst, Field::Given, Field::SecondGiven],
            Place::Family => vec![Field::Family, Field::Paternal, Field::Maternal],
            Place::Course => vec![Field::Course, Field::Grade, Field::Letter],
            Place::GuardianName(n) => {
                vec![Field::Guardian(n, GuardianField::Name), Field::Guardian(n, GuardianField::Family)]
            }
            Place::GuardianRun(n) => vec![Field::Guardian(n, GuardianField::Run)],
            Place::GuardianPhone(n) => vec![Field::Guardian(n, GuardianField::Phone)],
            Place::GuardianMail(n) => vec![Field::Guardian(n, GuardianField::Mail)],
        };
        let index = candidates.into_iter().find_map(|f| self.column(f))?;
        Some((column_letters(index), self.headers.get(index)?.clone()))
    }

    /// Headers of columns that are not taken.
    pub fn unused(&self) -> Vec<String> {
        let pairs = self.headers.iter().zip(&self.fields);
        pairs.filter(|(h, f)| f.is_none() && !h.trim().is_empty()).map(|(h, _)| h.trim().to_owned()).collect()
    }

    /// How many columns are understood; the delimiter that gives most is the file's.
    pub fn score(&self) -> usize {
        self.fields.iter().flatten().count()
    }
}

/// Finds the header row among the first rows (lists often begin with a title) and reads it.
/// `None` if no row names both a pupil and a course.
pub fn find(rows: &[SheetRow]) -> Option<Layout> {
    rows.iter().take(20).map(read).find(|l| {
        let has = |fields: &[Field]| fields.iter().any(|f| l.column(*f).is_some());
        has(&[Field::FullName, Field::FullNameFamilyFirst, Field::Given]) && has(&[Field::Course, Field::Grade])
    })
}

fn read(row: &SheetRow) -> Layout {
    let mut fields: Vec<Option<Field>> = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    let mut last_group: Option<usize> = None;
    for header in &row.cells {
        let words = Words::of(header);
        let mut field = if words.guardian || (words.number.is_some() && words.guardian_like_field()) {
            words.guardian_field().map(|f| Field::Guardian(group(&mut groups, &words.group()), f))
        } else {
            match words.pupil_field() {
                None => words.contact_field().map(|f| {
                    let n = last_group.unwrap_or_else(|| group(&mut groups, "1"));
                    Field::Guardian(n, f)
                }),
                some => some,
            }
        };
        if let Some(Field::Guardian(n, f)) = field {
            // The same header twice means the next guardian.
            let mut n = n;
            while fields.contains(&Some(Field::Guardian(n, f))) {
                n = n.saturating_add(1);
                if n == groups.len() {
                    groups.push(format!("repeated {n}"));
                }
            }
            last_group = Some(n);
            field = Some(Field::Guardian(n, f));
        } else if field.is_some() && fields.contains(&field) {
            field = None;
        }
        fields.push(field);
    }
    // Beside columns for family names, "Nombre" holds the given names.
    if fields.iter().flatten().any(|f| matches!(f, Field::Family | Field::Paternal | Field::Maternal)) {
        let has_given = fields.contains(&Some(Field::Given));
        for f in &mut fields {
            if *f == Some(Field::FullName) {
                *f = (!has_given).then_some(Field::Given);
            }
        }
    } else {
        for f in &mut fields {
            if *f == Some(Field::Given) {
                *f = Some(Field::FullName);
            }
        }
    }
    let guardians = drop_nameless(&mut fields);
    Layout { row: row.number, fields, headers: row.cells.clone(), guardians }
}

/// A second phone with nobody's name beside it belongs to nobody we could enter: its column is not
/// taken. The other guardians are numbered again; returns how many there are.
fn drop_nameless(fields: &mut [Option<Field>]) -> usize {
    let mut named = Vec::new();
    for f in fields.iter().flatten() {
        if let Field::Guardian(n, GuardianField::Name) = f
            && !named.contains(n)
        {
            named.push(*n);
        }
    }
    named.sort_unstable();
    for f in fields.iter_mut() {
        if let Some(Field::Guardian(n, inner)) = *f {
            *f = named.iter().position(|m| *m == n).map(|n| Field::Guardian(n, inner));
        }
    }
    named.len()
}

fn group(groups: &mut Vec<String>, key: &str) -> usize {
    groups.iter().position(|g| g == key).unwrap_or_else(|| {
        let next = groups.len();
        groups.push(key.to_owned());
        next
    })
}

/// A header taken apart.
struct Words {
    /// Without the words that only say whose it is.
    rest: String,
    guardian: bool,
    pupil: bool,
    role: Option<&'static str>,
    number: Option<char>,
}

impl Words {
    fn of(header: &str) -> Self {
        let folded = fold(header);
        let mut words = Self { rest: String::new(), guardian: false, pupil: false, role: None, number: None };
        let mut rest: Vec<&str> = Vec::new();
        for word in folded.split(' ') {
            match word {
                "de" | "del" | "la" | "el" | "los" | "las" | "y" | "e" | "of" | "the" | "and" | "s" => {}
                "apoderado" | "apoderada" | "apoderados" | "apod" | "tutor" | "tutora" | "guardian" | "guardians"
                | "parent" | "responsable" => words.guardian = true,
                "madre" | "mama" | "mother" => (words.guardian, words.role) = (true, Some("mother")),
                "padre" | "papa" | "father" => (words.guardian, words.role) = (true, Some("father")),
                "titular" | "principal" | "main" => words.number = Some('1'),
                "suplente" | "secundario" | "second" if !words.pupil => words.number = Some('2'),
                "alumno" | "alumna" | "alumnos" | "estudiante" | "estudiantes" | "pupil" | "student" | "students"
                | "nino" | "nina" => words.pupil = true,
                "1" | "2" | "3" | "4" => words.number = word.chars().next(),
                word => rest.push(word),
            }
        }
        words.rest = rest.join(" ");
        words
    }

    fn group(&self) -> String {
        match (self.role, self.number) {
            (Some(role), _) => role.into(),
            (None, Some(n)) => n.into(),
            (None, None) => "1".into(),
        }
    }

    fn is_run(&self) -> bool {
        matches!(
            self.rest.as_str(),
            "run"
                | "rut"
                | "r u n"
                | "r u t"
                | "run ipe"
                | "rut ipe"
                | "ipe"
                | "ipa"
                | "run rut"
                | "rut run"
                | "rol unico nacional"
                | "cedula"
                | "cedula identidad"
                | "documento"
                | "n documento"
                | "numero documento"
                | "identificador"
                | "national id"
                | "id number"
                | "rut sin dv"
                | "run sin dv"
                | "rut completo"
                | "run completo"
                | "n rut"
                | "n run"
                | "run sin digito verificador"
                | "rut sin digito verificador"
                | "numero run"
                | "numero rut"
                | "run o ipe"
                | "rut con dv"
                | "run con dv"
                | "rut dv"
                | "run dv"
        )
    }

    fn is_check_digit(&self) -> bool {
        matches!(
            self.rest.as_str(),
            "dv" | "digito verificador"
                | "digito"
                | "check digit"
                | "dig ver"
                | "digito ver"
                | "dv run"
                | "d v"
                | "dgv"
                | "dgv run"
                | "dgv rut"
        )
    }

    fn contact_field(&self) -> Option<GuardianField> {
        match self.rest.as_str() {
            "telefono"
            | "fono"
            | "celular"
            | "movil"
            | "phone"
            | "mobile"
            | "telefono contacto"
            | "numero telefono"
            | "fono contacto"
            | "telefono celular"
            | "telefono movil"
            | "n telefono"
            | "whatsapp"
            | "tel"
            | "cel"
            | "phone number"
            | "contacto"
            | "telefono emergencia"
            | "numero celular"
            | "numero contacto" => Some(GuardianField::Phone),
            "mail"
            | "email"
            | "e mail"
            | "correo"
            | "correo electronico"
            | "email contacto"
            | "direccion correo"
            | "mail contacto"
            | "email address"
            | "correo contacto"
            | "direccion correo electronico" => Some(GuardianField::Mail),
            _ => None,
        }
    }

    fn guardian_like_field(&self) -> bool {
        !self.pupil && self.contact_field().is_some()
    }

    fn guardian_field(&self) -> Option<GuardianField> {
        if self.is_run() {
            return Some(GuardianField::Run);
        }
        if self.is_check_digit() {
            return Some(GuardianField::CheckDigit);
        }
        match self.rest.as_str() {
            "" | "nombre" | "nombres" | "nombre completo" | "name" | "full name" | "nombre apellido"
            | "nombres apellidos" | "nombre apellidos" | "first name" | "given names" => Some(GuardianField::Name),
            "apellidos" | "apellido" | "apellido paterno" | "primer apellido" | "last name" | "surname" | "paterno" => {
                Some(GuardianField::Family)
            }
            "apellido materno" | "segundo apellido" | "materno" => Some(GuardianField::Maternal),
            _ => self.contact_field(),
        }
    }

    fn pupil_field(&self) -> Option<Field> {
        if self.is_run() {
            return Some(Field::Run);
        }
        if self.is_check_digit() {
            return Some(Field::CheckDigit);
        }
        match self.rest.as_str() {
            "" if self.pupil => Some(Field::FullName),
            "nombre" | "nombre completo" | "nombre apellido" | "nombres apellidos" | "nombre apellidos" | "name"
            | "full name" | "nombres apellido" => Some(Field::FullName),
            "apellidos nombres" | "apellidos nombre" | "apellido nombre" | "nomina" | "surname name" => {
                Some(Field::FullNameFamilyFirst)
            }
            "nombres" | "primer nombre" | "given names" | "given name" | "first name" | "first names"
            | "nombre pila" => Some(Field::Given),
            "segundo nombre" | "middle name" => Some(Field::SecondGiven),
            "apellidos" | "apellido" | "last name" | "last names" | "surname" | "surnames" | "family name"
            | "family names" => Some(Field::Family),
            "apellido paterno" | "primer apellido" | "paterno" | "ap paterno" | "a paterno" => Some(Field::Paternal),
            "apellido materno" | "segundo apellido" | "materno" | "ap materno" | "a materno" => Some(Field::Maternal),
            "curso" | "course" | "class" | "curso letra" | "curso actual" | "desc curso" | "nombre curso"
            | "grado curso" => Some(Field::Course),
            "grado" | "nivel" | "grade" | "level" | "desc grado" => Some(Field::Grade),
            "letra" | "letra curso" | "letter" | "section" | "paralelo" | "seccion" => Some(Field::Letter),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn layout(header: &str) -> Layout {
        find(&super::super::sheet::split(header, ';').unwrap()).unwrap()
    }

    #[test]
    fn headers_are_understood_whatever_their_case_accents_and_spaces() {
        use Field::*;
        use GuardianField as G;
        let l = layout(
            "N°;R.U.N.;NOMBRES ;apellido  PATERNO;Apellido Materno;CURSO;Nombre Apoderado;RUT apoderado;TELÉFONO;E-mail",
        );
        // `R.U.N.` folds to `r u n`.
        assert_eq!(
            l.fields[2..].to_vec(),
            [
                Some(Given),
                Some(Paternal),
                Some(Maternal),
                Some(Course),
                Some(Guardian(0, G::Name)),
                Some(Guardian(0, G::Run)),
                Some(Guardian(0, G::Phone)),
                Some(Guardian(0, G::Mail)),
            ]
        );
        assert_eq!(l.fields[1], Some(Run));
    }

    #[test]
    fn two_guardians_are_told_apart_by_number_role_or_repetition() {
        use Field::Guardian;
        use GuardianField::*;
        for header in [
            "Nombre;Curso;Apoderado 1;Fono 1;Apoderado 2;Fono 2",
            "Nombre;Curso;Apoderado titular;Teléfono apoderado titular;Apoderado suplente;Teléfono apoderado suplente",
            "Nombre;Curso;Nombre madre;Teléfono madre;Nombre padre;Celular padre",
            "Nombre;Curso;Apoderado;Teléfono;Apoderado;Teléfono",
        ] {
            assert_eq!(
                layout(header).fields[2..].to_vec(),
                [Guardian(0, Name), Guardian(0, Phone), Guardian(1, Name), Guardian(1, Phone)].map(Some),
                "{header}"
            );
        }
    }

    #[test]
    fn a_title_above_the_header_is_skipped_and_unknown_columns_are_named() {
        let l = layout("NÓMINA LICEO 2026;;\n;;\nEstudiante;Curso;Comuna\n");
        assert_eq!((l.row, l.unused()), (3, vec!["Comuna".to_owned()]));
    }

    #[test]
    fn english_headers_are_understood() {
        use Field::*;
        let l = layout("National ID;First name;Last name;Class;Guardian name;Guardian phone;Guardian email");
        assert_eq!(l.fields[..4].to_vec(), [Run, Given, Family, Course].map(Some));
        assert_eq!(l.score(), 7);
    }
}
