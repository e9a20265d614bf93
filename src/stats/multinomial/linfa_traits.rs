//! [`fit`](super::fit) behind the traits of linfa, for programs that hold their data as a [`linfa::Dataset`](DatasetBase).

use super::{Multinomial, Panel, fit};
use crate::error::Error;
use crate::stats::logistic::{Design, FitError};
use linfa::dataset::AsSingleTargets;
use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array2, ArrayBase, Data, Ix2};

/// Parameters of a regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultinomialParams {
    /// L2 penalty λ on a loss that is a sum; intercepts are not penalised.
    pub penalty: f64,
}

/// Parameters that have not been checked yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UncheckedMultinomialParams(pub MultinomialParams);

impl ParamGuard for UncheckedMultinomialParams {
    type Checked = MultinomialParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&MultinomialParams, Error> {
        if self.0.penalty >= 0.0 && self.0.penalty.is_finite() {
            return Ok(&self.0);
        }
        let rule = "a penalty is a finite number that is not negative";
        Err(Error::invalid_option("penalty", self.0.penalty.to_string(), rule))
    }

    fn check(self) -> Result<MultinomialParams, Error> {
        self.check_ref().copied()
    }
}

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = usize>> Fit<ArrayBase<D, Ix2>, T, FitError> for MultinomialParams {
    type Object = Multinomial;

    /// The regression of the targets (0 is the reference) on the records as they are, by the weights of the dataset.
    ///
    /// # Errors
    /// As [`Design::new`], [`Panel::new`] and [`fit`].
    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Multinomial, FitError> {
        let records = dataset.records();
        let design = Design::new(records.nrows(), records.columns().into_iter().map(|c| c.to_vec()).collect(), vec![])?;
        let weights = match dataset.weights() {
            Some(weights) => weights.iter().map(|weight| f64::from(*weight)).collect(),
            None => vec![1.0; design.rows()],
        };
        let outcome: Vec<u32> =
            dataset.as_single_targets().iter().map(|k| u32::try_from(*k).unwrap_or(u32::MAX)).collect();
        let most = outcome.iter().copied().max().unwrap_or(0) as usize;
        // An outcome that does not occur has no fit anyway; a huge code must not ask for huge tables.
        if most > outcome.len() {
            return Err(Error::NoUniqueFit { what: "every outcome must occur".into() }.into());
        }
        let panel = Panel::new(design, (most + 1).max(2), outcome)?;
        let p = panel.columns();
        let penalty: Vec<f64> =
            (0..panel.coefficients()).map(|j| if j % p == 0 { 0.0 } else { self.penalty }).collect();
        Ok(fit(&panel, &weights, &penalty, None)?)
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array2<f64>> for Multinomial {
    /// The probability of each outcome but the reference, one column each; NaN everywhere if records have another number of columns than the fit had.
    fn predict_inplace(&self, records: &ArrayBase<D, Ix2>, targets: &mut Array2<f64>) {
        let p = records.ncols() + 1;
        if targets.ncols() * p != self.coefficients.len() {
            return targets.fill(f64::NAN);
        }
        for (mut target, record) in targets.rows_mut().into_iter().zip(records.rows()) {
            for (target, beta) in target.iter_mut().zip(self.coefficients.chunks(p)) {
                *target = record.iter().zip(&beta[1..]).fold(beta[0], |score, (x, slope)| score + x * slope);
            }
            let top = target.iter().fold(0.0_f64, |most, score| most.max(*score));
            target.mapv_inplace(|score| libm::exp(score - top));
            let sum = libm::exp(-top) + target.sum();
            target.mapv_inplace(|chance| chance / sum);
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array2<f64> {
        Array2::zeros((records.nrows(), self.coefficients.len() / (records.ncols() + 1)))
    }
}
