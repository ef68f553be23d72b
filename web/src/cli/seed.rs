//! `attendance seed`: an invented school to try the program with.

use super::tools::Tools;
use crate::config;
use std::time::Instant;

/// Options of `attendance seed`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    sides: config::WriteSide,
    /// Which invented school: the same number gives the same people, cards and ids.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Print one JSON object, with the cards' texts and the kiosks' secrets.
    #[arg(long)]
    json: bool,
}

/// Writes the school, or what of it is missing; a second run changes only the kiosks' secrets.
#[expect(clippy::print_stdout, reason = "the command line speaks to a person")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let write = Tools::open(&args.sides).await?.write;
    let begun = Instant::now();
    let seeded = crate::seed::school(&write, args.seed).await?;
    if args.json {
        let kiosks: Vec<_> = seeded
            .kiosks
            .iter()
            .map(|k| serde_json::json!({"kiosk_id": k.kiosk_id, "gate": k.gate, "mode": k.mode, "secret": k.secret}))
            .collect();
        let students: Vec<_> = seeded
            .students
            .iter()
            .map(|s| serde_json::json!({"student_id": s.student_id, "course_id": s.course_id, "card": s.card_text}))
            .collect();
        let all = serde_json::json!({"school_id": seeded.school_id, "students": students, "kiosks": kiosks});
        println!("{all}");
    } else {
        println!("{} ({})", crate::seed::SCHOOL_NAME, seeded.school_id);
        println!("{} courses, {} pupils in {:.1?}", seeded.courses.len(), seeded.students.len(), begun.elapsed());
        for kiosk in &seeded.kiosks {
            println!("{}  {}  secret {}", kiosk.kiosk_id, kiosk.gate, kiosk.secret);
        }
    }
    Ok(())
}
