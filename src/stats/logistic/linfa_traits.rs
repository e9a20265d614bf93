//! [`fit`] behind the traits of linfa, for programs that hold their data as a [`linfa::Dataset`](DatasetBase).

use super::{Design, Logistic, check_penalty, fit, sigmoid};
use crate::error::Error;
use linfa::dataset::AsSingleTargets;
use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, ArrayBase, Data, Ix2};

/// Parameters of a regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogisticParams {
    /// L2 penalty λ on a loss that is a sum.
    pub penalty: f64,
}

/// Parameters that have not been checked yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UncheckedLogisticParams(pub LogisticParams);

impl ParamGuard for UncheckedLogisticParams {
    type Checked = LogisticParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&LogisticParams, Error> {
        check_penalty(self.0.penalty).map(|()| &self.0)
    }

    fn check(self) -> Result<LogisticParams, Error> {
        check_penalty(self.0.penalty).map(|()| self.0)
    }
}

/// Why a fit failed.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// An error of linfa.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
    /// An error of this crate.
    #[error(transparent)]
    Own(#[from] Error),
}

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = bool>> Fit<ArrayBase<D, Ix2>, T, FitError> for LogisticParams {
    type Object = Logistic;

    /// The regression of the targets on the records as they are, by the weights of the dataset.
    ///
    /// # Errors
    /// As [`Design::new`] and [`fit`]; [`Error::InvalidOption`] for a weight that is negative or not finite.
    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Logistic, FitError> {
        let records = dataset.records();
        let design = Design::new(records.nrows(), records.columns().into_iter().map(|c| c.to_vec()).collect(), vec![])?;
        let outcome: Vec<f64> = dataset.as_single_targets().iter().map(|won| f64::from(u8::from(*won))).collect();
        let weights = match dataset.weights() {
            Some(weights) => weights.iter().map(|weight| f64::from(*weight)).collect(),
            None => vec![1.0; design.rows()],
        };
        if let Some(bad) = weights.iter().find(|weight| !weight.is_finite() || **weight < 0.0) {
            let rule = "weights are finite and not negative".into();
            return Err(Error::InvalidOption { option: "dataset".into(), value: bad.to_string(), rule }.into());
        }
        Ok(fit(&design, &outcome, &weights, self.penalty, None)?)
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for Logistic {
    /// The probability of each record; NaN everywhere if records have another number of columns than the fit had.
    fn predict_inplace(&self, records: &ArrayBase<D, Ix2>, targets: &mut Array1<f64>) {
        let Some((intercept, slopes)) = self.coefficients.split_first().filter(|(_, b)| b.len() == records.ncols())
        else {
            return targets.fill(f64::NAN);
        };
        for (target, record) in targets.iter_mut().zip(records.rows()) {
            *target = sigmoid(record.iter().zip(slopes).fold(*intercept, |score, (x, slope)| score + x * slope));
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(records.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::Predict;
    use ndarray::{Array2, array};

    fn params(penalty: f64) -> UncheckedLogisticParams {
        UncheckedLogisticParams(LogisticParams { penalty })
    }

    #[test]
    fn fit_and_predict_agree_with_the_plain_functions() {
        let x = array![[0.0, 1.0], [1.0, -1.0], [2.0, 0.5], [3.0, 0.0]];
        let dataset =
            DatasetBase::new(x.clone(), array![false, true, false, true]).with_weights(array![1.0, 2.0, 3.0, 1.0]);
        let model = params(0.5).fit(&dataset).unwrap();
        let design = Design::new(4, x.columns().into_iter().map(|c| c.to_vec()).collect(), vec![]).unwrap();
        let own = fit(&design, &[0.0, 1.0, 0.0, 1.0], &[1.0, 2.0, 3.0, 1.0], 0.5, None).unwrap();
        assert_eq!(model, own);
        let probability: Array1<f64> = model.predict(&x);
        let expected: Vec<f64> = (0..4).map(|row| sigmoid(design.score(row, &own.coefficients))).collect();
        assert_eq!(probability.to_vec(), expected);
    }

    #[test]
    fn unusable_parameters_records_weights_and_shapes_are_refused() {
        let targets = array![false, true];
        let dataset = DatasetBase::new(array![[0.0], [1.0]], targets.clone());
        assert!(matches!(params(-1.0).fit(&dataset), Err(FitError::Own(Error::InvalidOption { .. }))));
        let nan = DatasetBase::new(array![[0.0], [f64::NAN]], targets);
        assert!(matches!(params(1.0).fit(&nan), Err(FitError::Own(Error::InvalidOption { .. }))));
        let negative = dataset.clone().with_weights(array![1.0, -1.0]);
        assert!(matches!(params(1.0).fit(&negative), Err(FitError::Own(Error::InvalidOption { .. }))));
        let none = DatasetBase::new(Array2::<f64>::zeros((0, 2)), Array1::<bool>::from_vec(vec![]));
        assert!(matches!(params(1.0).fit(&none), Err(FitError::Own(Error::NoUniqueFit { .. }))));
        let probability: Array1<f64> = params(1.0).fit(&dataset).unwrap().predict(&array![[0.0, 1.0]]);
        assert!(probability[0].is_nan());
    }
}
