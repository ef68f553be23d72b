//! Puts the pages' assets together: one script, one stylesheet, the icons.
//!
//! Foreign files come from `node_modules` (`npm ci --ignore-scripts`, exact versions in
//! `package.json`) and are used only if their SHA-256 is the one written here; no foreign code is in
//! our own folders. Without `node_modules` the build warns, and the pages work without scripts, with
//! our own stylesheet alone and without icons: each icon stands beside a word.
//!
//! How to take a new version: change `package.json`, run `npm install --ignore-scripts`, read what
//! changed, then write the new hashes here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha384};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The bundle's parts in the order in which they must run: htmx, its SSE extension, its CSP
/// extension, then (ours) the gate.
const SCRIPTS: &[(&str, &str)] = &[
    ("htmx.org/dist/htmx.min.js", "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"),
    ("htmx.org/dist/ext/hx-sse.min.js", "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103"),
    ("htmx.org/dist/ext/hx-csp.min.js", "a7e1e6711ae6c3e50ad300fba7936cbe8d07599cdae313414a179ddd6b26e143"),
];

/// The stylesheet's base.
const BASE: (&str, &str) =
    ("modern-normalize/modern-normalize.css", "b4ad31da9b1b17de182a08e4c39159496574d90a82464c6d5afeda7133f0e110");

/// The icons used, each one an SVG of lucide. The name is the one that `pages::icon` uses.
const ICONS: &[(&str, &str, &str)] = &[
    ("inside", "circle-check", "e2ca9809114ccead18bf1ca51d1dd43f78f953363588c1f35fdbdb5a80726ef9"),
    ("late", "clock", "a96f7ac1cfe9f0278e307ffaa1116297e05a7c5a89e96cca4e6e02b1053074f9"),
    ("missing", "circle-alert", "bb26c84004446490d25d686b6ca238527616e18322b7a0d53a356c08c7ffd74a"),
    ("unknown", "circle-question-mark", "75df54d146312a91cfe867abc6d4dc9b0af15d38c8d8892687039a3080b52b7a"),
    ("left", "log-out", "4449672cfd4ba1a5e8b21bdef6d63dd880f3c2fbe1118faf40cc259bacd58f99"),
    ("justified", "file-check", "da1d50aa397f040492b85baf69da1159707823bcdbf2513e37f624617c010206"),
    ("early-leave", "user-round-check", "48cd76b82a1d6288e4af5a4b9ed756c43953e20b87242a1ca9d84d7a223108ea"),
    ("entry", "log-in", "e4a66e1fea04bafa3d80ed6522392795afa506f2ace5d34cd665676f18e3b4ab"),
    ("pending", "hourglass", "efda62da07de7e1f495525fd53e5f7a21a6ffd4d2810bf11008970e40baac15c"),
    ("not-expected", "circle-minus", "06c428b54f9e401a6420a0784dfcdba172456bb783d33f5f652d93ff3c678e13"),
    ("warning", "triangle-alert", "8fae33ea4b3f26693773ed2545080ffed5bd42aad9b59084a2ea753827c0763c"),
    ("today", "sun", "cff1e1e8e0d89931213d2a38c5d834a81090863949fc68ea7cd8deb1f21b02da"),
    ("wall", "monitor", "7238439fbdc3850d6ee885744d82f1a8e6cf74eb5c47220117212efb93eba6b1"),
    ("language", "languages", "e424cb97b6f2edd901b948ca05cec1293e6843f6b7accae3434efc4121c936ae"),
    ("school", "school", "bb0b398fda0cc3174beb43e5931414cb9d427eb446289f6db773fa553cb05225"),
    ("inbox", "inbox", "d6648e9c267af23baaa9a5e157f75930e8f5590f741fcefafe4d01d3b4e87376"),
    ("mail", "mail", "f7a68001286aee80db43532414b9801abae79215a01f6b66008cfca0af86a93f"),
    ("gate", "door-open", "96cf331d06d146eb56f371c23cffd7f73b255cc1e80c6dad7d4d06a1c3d8dc6d"),
    ("next", "chevron-right", "b30a11621e29a1e26538529fd991a8b57345a5f67bd60150e99eebad8fe7fc8b"),
    ("back", "arrow-left", "93c74e0518218779e047930b141788e2db90e3426867196113dcc1879756f164"),
    ("offline", "wifi-off", "fe7d76c13729c1273558c15a8869fb03e073dd9659ceef5da7b234471d18a10d"),
    ("people", "users", "33d60984a2daedf2d97cf7cf7b5b4497dff181b7f95506fdd693ae01773bd98f"),
    ("log", "scroll-text", "539762be94a82192abc9b8286782b68ebed3fc63ddc9045395e6d8645622e439"),
    ("account", "circle-user-round", "5a2d2331749cfa6b01db0838afb4f981a79e08ef89b504c9c2743aa09d27c0fc"),
    ("passkey", "key-round", "800e34c5007adf227c797822d110a39ccb78758280b64a3a1df47024d9aa798d"),
    ("calendar", "calendar", "08e7a254787e6414c47c1354558091328144e824a17bdaa2d842661ed129e316"),
    ("reports", "chart-column", "faeb2a9bc2ed31d3cf2b46376973edf71dec6e16abfd968b1833bb459874ba7c"),
    ("settings", "settings-2", "b33f32f1d9a3dc6572d036c921f9a8140805a8125a9469e2ac1f3801797919af"),
    ("note", "info", "ecb172e55f65117ed1543962b6a0cb662290b98a00aa7134079661f6dd940696"),
];

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let modules = here.join("node_modules");
    watch("build.rs");
    watch("assets");
    watch("package-lock.json");

    let complete = modules.join("htmx.org").is_dir();
    let own_style = read(&here.join("assets/style.css"));
    let own_script = read(&here.join("assets/live.js"));
    let (script, style, icons) = if complete {
        let mut script = String::new();
        for (path, sha256) in SCRIPTS {
            script.push_str(pinned(&modules, path, sha256).trim_end());
            script.push_str("\n;\n");
        }
        script.push_str(&squeezed_script(&own_script));
        let base = pinned(&modules, BASE.0, BASE.1);
        (script, format!("{base}\n{own_style}"), sprite(&modules))
    } else {
        println!(
            "cargo::warning=web/node_modules is missing (run `make deps`): \
             the pages are built without scripts, icons and the CSS base"
        );
        // Seen again as soon as node_modules appears; without it the folder is small.
        watch(".");
        (String::new(), own_style, String::new())
    };

    let mut code = String::new();
    let mut asset = |constant: &str, stem: &str, extension: &str, kind: &str, text: &str| {
        let hash = hex(&Sha256::digest(text.as_bytes()));
        let name = format!("{stem}.{}.{extension}", &hash[..16]);
        let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(text.as_bytes())));
        fs::write(out.join(&name), text).expect("OUT_DIR can be written");
        writeln!(
            code,
            "/// Built by `build.rs`.\npub(crate) static {constant}: Asset = Asset {{ name: {name:?}, \
             content_type: {kind:?}, integrity: {integrity:?}, bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")) }};"
        )
        .expect("a String can be written");
    };
    asset("STYLE", "board", "css", "text/css; charset=utf-8", &squeezed(&style));
    asset("OFFICE", "office", "css", "text/css; charset=utf-8", &squeezed(&read(&here.join("assets/office.css"))));
    asset("CASES", "cases", "css", "text/css; charset=utf-8", &squeezed(&read(&here.join("assets/cases.css"))));
    asset("FAMILY", "family", "css", "text/css; charset=utf-8", &squeezed(&read(&here.join("assets/family.css"))));
    asset("REPLAY", "replay", "css", "text/css; charset=utf-8", &squeezed(&read(&here.join("assets/replay.css"))));
    asset(
        "TELEPHONES",
        "telephones",
        "css",
        "text/css; charset=utf-8",
        &squeezed(&read(&here.join("assets/telephones.css"))),
    );
    asset("KIOSKS", "kiosks", "css", "text/css; charset=utf-8", &squeezed(&read(&here.join("assets/kiosks.css"))));
    asset("PUPIL", "pupil", "css", "text/css; charset=utf-8", &squeezed(&read(&here.join("assets/pupil.css"))));
    asset("REPORTS", "reports", "css", "text/css; charset=utf-8", &squeezed(&read(&here.join("assets/reports.css"))));
    asset(
        "PRESENCE",
        "presence",
        "css",
        "text/css; charset=utf-8",
        &squeezed(&read(&here.join("assets/presence.css"))),
    );
    asset(
        "SCHEDULE",
        "schedule",
        "css",
        "text/css; charset=utf-8",
        &squeezed(&read(&here.join("assets/schedule.css"))),
    );
    asset("WALL", "wall", "css", "text/css; charset=utf-8", &squeezed(&read(&here.join("assets/wall.css"))));
    asset("SCRIPT", "board", "js", "text/javascript; charset=utf-8", &script);
    // Without it whoever administers a school could not come in: never left out.
    let passkey = squeezed_script(&read(&here.join("assets/passkey.js")));
    asset("PASSKEY", "passkey", "js", "text/javascript; charset=utf-8", &passkey);
    let rollcall = squeezed_script(&read(&here.join("assets/rollcall.js")));
    asset("ROLLCALL", "rollcall", "js", "text/javascript; charset=utf-8", &rollcall);
    asset("BADGE", "badge", "svg", "image/svg+xml; charset=utf-8", &read(&here.join("assets/badge.svg")));
    writeln!(code, "/// The icons as SVG symbols.\npub(crate) const ICONS: &str = {icons:?};")
        .expect("a String can be written");
    fs::write(out.join("assets.rs"), code).expect("OUT_DIR can be written");
}

fn watch(path: &str) {
    println!("cargo::rerun-if-changed={path}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A foreign file, if it is byte for byte the one that was read when it was chosen.
fn pinned(modules: &Path, path: &str, sha256: &str) -> String {
    watch(&format!("node_modules/{path}"));
    let text = read(&modules.join(path));
    let found = hex(&Sha256::digest(text.as_bytes()));
    assert!(
        found == sha256,
        "web/node_modules/{path} is not the pinned file: its SHA-256 is {found}, expected {sha256}. \
         Run `npm ci --ignore-scripts` in web/; if the version was changed on purpose, see build.rs."
    );
    text
}

/// The icons as `<symbol>`s of one hidden SVG.
fn sprite(modules: &Path) -> String {
    let mut symbols = String::new();
    for (name, lucide, sha256) in ICONS {
        let svg = pinned(modules, &format!("lucide-static/icons/{lucide}.svg"), sha256);
        let open = svg.find("<svg").expect("an SVG has an svg element");
        let start = open + svg[open..].find('>').expect("it ends") + 1;
        let end = svg.rfind("</svg>").expect("an SVG ends");
        let shapes: String = svg[start..end].lines().map(str::trim).collect();
        write!(symbols, r#"<symbol id="i-{name}" viewBox="0 0 24 24">{shapes}</symbol>"#)
            .expect("a String can be written");
    }
    symbols
}

/// A stylesheet without comments, line breaks and spaces that mean nothing. (None of ours has `/*`
/// inside a string.)
fn squeezed(css: &str) -> String {
    let mut out = String::new();
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    out.push_str(rest);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = out.lines().map(words).filter(|line| !line.is_empty()).collect();
    // No string of ours or of the base holds one of these.
    let spaces = [(" {", "{"), ("{ ", "{"), (" }", "}"), (": ", ":"), ("; ", ";"), (", ", ","), (";}", "}")];
    let zeros = [(" 0.", " ."), (":0.", ":."), ("(0.", "(."), (",0.", ",.")];
    spaces.iter().chain(&zeros).fold(lines.concat(), |css, (from, to)| css.replace(from, to))
}

/// Our own script without comments and indentation. (None of its lines goes on inside a string, and a
/// comment has a line of its own.)
fn squeezed_script(script: &str) -> String {
    let lines: Vec<&str> =
        script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    lines.join("\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String can be written");
        text
    })
}
