//! Whether two samples of times tell anything apart.

/// Whether two samples are of one distribution: the probability that they differ as much by chance
/// (Kolmogorov and Smirnov, as the series of Numerical Recipes 14.3 has it).
fn kolmogorov_smirnov(a: &mut [f64], b: &mut [f64]) -> f64 {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (n, m) = (a.len() as f64, b.len() as f64);
    let below = |of: &[f64], x: f64| of.partition_point(|y| *y <= x) as f64;
    let distance = |x: f64| (below(a, x) / n - below(b, x) / m).abs();
    let most = a.iter().chain(b.iter()).map(|x| distance(*x)).fold(0.0, f64::max);
    let root = (n * m / (n + m)).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * most;
    let terms = (1..=100).map(|k| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k * k) * lambda * lambda).exp()
    });
    if lambda < 0.2 { 1.0 } else { terms.sum::<f64>().clamp(0.0, 1.0) }
}

/// The first answers, of which no time is kept.
pub const WARM_UP: usize = 20;

/// Which of two is measured when, so often each: in an order that tells nothing. What is done beside one answer, or by
/// a worker at every full hour, may slow the next, whoever's that is.
pub fn order(samples: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..2 * samples).map(|n| n % 2).collect();
    fastrand::Rng::with_seed(7).shuffle(&mut order);
    [[0, 1].repeat(WARM_UP / 2), order].concat()
}

/// Prints what was measured, known and unknown, in milliseconds, and demands that nobody can tell them apart: medians
/// within five milliseconds, and one distribution.
pub fn assert_alike(what: &str, [mut known, mut unknown]: [Vec<f64>; 2]) {
    let alike = kolmogorov_smirnov(&mut known, &mut unknown);
    let median = |sorted: &[f64]| sorted[sorted.len() / 2];
    let (n, known, unknown) = (known.len().min(unknown.len()), median(&known), median(&unknown));
    eprintln!("{what}: median of {n} known {known:.2} ms, unknown {unknown:.2} ms, Kolmogorov-Smirnov p {alike:.3}");
    assert!((known - unknown).abs() < 5.0, "{what}: {known} ms and {unknown} ms");
    assert!(alike > 0.01, "{what}: p {alike}");
}

#[test]
fn samples_of_one_distribution_are_told_from_those_of_two() {
    let sample = |shift: f64| (0..500).map(|n| f64::from(n * 7919 % 1000) + shift).collect::<Vec<_>>();
    assert!(kolmogorov_smirnov(&mut sample(0.0), &mut sample(3.0)) > 0.5);
    assert!(kolmogorov_smirnov(&mut sample(0.0), &mut sample(200.0)) < 0.001);
}
