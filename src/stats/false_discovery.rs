//! Many tests at once.

use super::order::sorted_rows;

/// P-values adjusted so that calling significant what is below α keeps the expected share of false ones among them below α (Benjamini & Hochberg
/// 1995): p₍ᵢ₎ becomes the least of m p₍ⱼ₎ / j over j ≥ i. In the order given; as `p.adjust(method = "BH")` of R.
///
/// ```
/// use crm_analytics::stats::false_discovery::benjamini_hochberg;
/// assert_eq!(benjamini_hochberg(&[0.01, 0.5, 0.02]), [0.03, 0.5, 0.03]);
/// ```
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = sorted_rows(p.len(), &mut |a, b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 1.0f64;
    for (rank, row) in order.into_iter().enumerate().rev() {
        least = least.min(p[row] * p.len() as f64 / (rank + 1) as f64);
        adjusted[row] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fifteen p-values of the paper's own example (section 4.1), of which four are significant at 5 %.
    #[test]
    fn rejects_the_four_of_the_paper() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let adjusted = benjamini_hochberg(&p);
        assert_eq!(adjusted.iter().filter(|p| **p <= 0.05).count(), 4);
        assert!((adjusted[4] - 0.0201 * 3.0).abs() < 1e-15 && adjusted[14] == 1.0);
        assert!(benjamini_hochberg(&[]).is_empty());
    }
}
