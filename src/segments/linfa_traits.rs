//! [`KMeans`] behind the traits of linfa, for programs that hold their data as a [`linfa::Dataset`](DatasetBase).

use super::kmeans::{KMeans, KMeansParams, kmeans};
use super::points::Points;
use crate::error::Error;
use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, ArrayBase, Data, Ix2};

/// Parameters that have not been checked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UncheckedKMeansParams(pub KMeansParams);

impl ParamGuard for UncheckedKMeansParams {
    type Checked = KMeansParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&KMeansParams, Error> {
        self.0.check().map(|()| &self.0)
    }

    fn check(self) -> Result<KMeansParams, Error> {
        self.0.check().map(|()| self.0)
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

impl<D: Data<Elem = f64>, T> Fit<ArrayBase<D, Ix2>, T, FitError> for KMeansParams {
    type Object = KMeans;

    /// Clusters of the records as they are, by the weights of the dataset.
    ///
    /// # Errors
    /// As [`kmeans`]; [`Error::InvalidOption`] for a record beyond 1e150 or a weight that is negative or not finite.
    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<KMeans, FitError> {
        let rows: Vec<f64> = dataset.records().iter().copied().collect();
        let weights: Option<Vec<f64>> =
            dataset.weights().map(|weights| weights.iter().map(|&w| f64::from(w)).collect());
        let bad_weight = weights.iter().flatten().find(|weight| !weight.is_finite() || **weight < 0.0);
        if let Some(bad) = rows.iter().find(|value| value.is_nan() || value.abs() >= 1e150).or(bad_weight) {
            let rule = "records must be numbers below 1e150 in size, weights finite and not negative".into();
            return Err(Error::InvalidOption { option: "dataset".into(), value: bad.to_string(), rule }.into());
        }
        Ok(kmeans(&Points::from_rows(dataset.records().ncols(), rows, weights.as_deref()), *self)?)
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<usize>> for KMeans {
    /// The nearest centre of each record; `usize::MAX` everywhere if records have another number of columns than the fit had.
    fn predict_inplace(&self, records: &ArrayBase<D, Ix2>, targets: &mut Array1<usize>) {
        if records.ncols() * self.k != self.centroids.len() || records.ncols() == 0 {
            targets.fill(usize::MAX);
            return;
        }
        let rows: Vec<f64> = records.iter().copied().collect();
        let points = Points::from_rows(records.ncols(), rows, None);
        let labels = points.nearest(&self.centroids);
        targets.iter_mut().zip(labels).for_each(|(target, label)| *target = label as usize);
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<usize> {
        Array1::zeros(records.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::Predict;
    use ndarray::{Array2, array};

    fn params(k: usize) -> UncheckedKMeansParams {
        UncheckedKMeansParams(KMeansParams { k, restarts: 2, swaps: 2, seed: 1 })
    }

    #[test]
    fn fit_and_predict_agree_with_the_plain_functions() {
        let dataset = DatasetBase::from(array![[0.0, 0.0], [1.0, 0.0], [9.0, 9.0], [8.0, 9.0]]);
        let model = params(2).fit(&dataset).unwrap();
        let labels: Array1<usize> = model.predict(dataset.records());
        let own: Vec<usize> = model.labels.iter().map(|&label| label as usize).collect();
        assert_eq!(labels.to_vec(), own);
        assert_eq!(model.inertia, 1.0);
    }

    #[test]
    fn unusable_parameters_records_and_shapes_are_refused() {
        let dataset = DatasetBase::from(array![[0.0], [f64::NAN]]);
        assert!(matches!(params(0).fit(&dataset), Err(FitError::Own(Error::InvalidOption { .. }))));
        assert!(matches!(params(1).fit(&dataset), Err(FitError::Own(Error::InvalidOption { .. }))));
        let none = DatasetBase::from(Array2::<f64>::zeros((0, 3)));
        assert!(matches!(params(1).fit(&none), Err(FitError::Own(Error::TooFew { .. }))));
        let model = params(1).fit(&DatasetBase::from(array![[0.0], [2.0]])).unwrap();
        let labels: Array1<usize> = model.predict(&array![[0.0, 1.0]]);
        assert_eq!(labels.to_vec(), [usize::MAX]);
    }
}
