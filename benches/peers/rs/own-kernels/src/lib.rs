//! This project's kernels behind a C ABI, for benches that pass the same start and the same stopping rule as to the peers.
use crm_analytics::segments::kmeans::{EmptyCluster, Shard, Stop, kmeans_from_centroids};
use crm_analytics::segments::points::Points;
use crm_analytics::segments::silhouette::{Labels, silhouettes};
use crm_analytics::stats::logistic::{Design, fit, optimum};

#[unsafe(no_mangle)]
pub extern "C" fn alloc(bytes: usize) -> *mut u8 {
    unsafe { std::alloc::alloc(std::alloc::Layout::from_size_align(bytes.max(16), 64).unwrap()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn dealloc(at: *mut u8, bytes: usize) {
    unsafe { std::alloc::dealloc(at, std::alloc::Layout::from_size_align(bytes.max(16), 64).unwrap()) }
}

#[unsafe(no_mangle)]
pub extern "C" fn rows_new(values: usize) -> *mut f64 {
    std::mem::ManuallyDrop::new(Vec::with_capacity(values)).as_mut_ptr()
}

/// Takes the rows that [`rows_new`] made room for, and that are filled since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn points_of(dims: usize, rows: *mut f64, values: usize) -> *mut Points {
    let rows = unsafe { Vec::from_raw_parts(rows, values, values) };
    Box::into_raw(Box::new(Points::from_rows(dims, rows, None)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn points_free(points: *mut Points) {
    drop(unsafe { Box::from_raw(points) });
}

/// out: inertia, iterations; labels where `labels` is not null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kmeans(
    points: *const Points,
    centroids: *const f64,
    values: usize,
    movement: f64,
    iterations: usize,
    labels: *mut u32,
    out: *mut f64,
) {
    let (points, centroids) = unsafe { (&*points, std::slice::from_raw_parts(centroids, values)) };
    let stop = Stop { movement, iterations };
    let model = kmeans_from_centroids(points, centroids, EmptyCluster::Relocate, stop, &mut |_| true).unwrap().unwrap();
    unsafe {
        *out = model.inertia;
        *out.add(1) = model.iterations as f64;
        if !labels.is_null() {
            std::slice::from_raw_parts_mut(labels, model.labels.len()).copy_from_slice(&model.labels);
        }
    }
}

/// One of several workers' part of a k-means, from points that outlive it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shard_new(points: *const Points, centroids: *const f64, values: usize) -> *mut Shard<'static> {
    let (points, centroids) = unsafe { (&*points, std::slice::from_raw_parts(centroids, values)) };
    Box::into_raw(Box::new(Shard::new(points, centroids).unwrap()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shard_assign(shard: *mut Shard) -> usize {
    unsafe { (*shard).assign() }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shard_sums(shard: *const Shard, out: *mut f64, numbers: usize) {
    unsafe { std::slice::from_raw_parts_mut(out, numbers).copy_from_slice(&(*shard).sums()) }
}

/// The movement of the centres.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shard_move(shard: *mut Shard, others: *const f64, numbers: usize) -> f64 {
    unsafe { (*shard).move_centres(std::slice::from_raw_parts(others, numbers)) }.unwrap()
}

/// Ends the shard; its part of the inertia.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shard_inertia(shard: *mut Shard) -> f64 {
    unsafe { Box::from_raw(shard) }.finish().1.value()
}

/// `labels` holds those of k = 2, 3, … one after another; out: their mean silhouettes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn silhouette_means(points: *const Points, labels: *const u32, count: usize, out: *mut f64) {
    let points = unsafe { &*points };
    let labels = unsafe { std::slice::from_raw_parts(labels, count * points.len()) };
    let all: Vec<Labels> = labels.chunks_exact(points.len()).zip(2..).map(|(labels, k)| Labels { labels, k }).collect();
    for (i, silhouette) in silhouettes(points, &all).iter().enumerate() {
        unsafe { *out.add(i) = silhouette.mean }
    }
}

/// Columns of a regression on their way in: outcome first, then the numbers.
pub struct Columns(Vec<Vec<f64>>);

#[unsafe(no_mangle)]
pub extern "C" fn columns_new(columns: usize, n: usize) -> *mut Columns {
    Box::into_raw(Box::new(Columns((0..=columns).map(|_| Vec::with_capacity(n)).collect())))
}

/// Adds rows, row-major, and their outcomes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn columns_extend(columns: *mut Columns, rows: *const f64, outcome: *const u8, n: usize) {
    let columns = unsafe { &mut (*columns).0 };
    let d = columns.len() - 1;
    let (rows, outcome) = unsafe { (std::slice::from_raw_parts(rows, n * d), std::slice::from_raw_parts(outcome, n)) };
    let (y, numeric) = columns.split_first_mut().unwrap();
    y.extend(outcome.iter().map(|won| f64::from(*won)));
    for (j, column) in numeric.iter_mut().enumerate() {
        column.extend(rows.chunks_exact(d).map(|row| row[j]));
    }
}

/// Takes the columns; out: largest gradient, passes over all rows, then the coefficients. `exact`: to the last digit and with the covariance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn logistic(columns: *mut Columns, penalty: f64, tolerance: f64, exact: bool, out: *mut f64) {
    let mut columns = unsafe { Box::from_raw(columns) }.0;
    let outcome = columns.remove(0);
    let n = outcome.len();
    let design = Design::new(n, columns, vec![]).unwrap();
    let weights = vec![1.0; n];
    let (gradient, passes, coefficients) = if exact {
        let model = fit(&design, &outcome, &weights, penalty, None).unwrap();
        (model.max_gradient, model.iterations, model.coefficients)
    } else {
        let found = optimum(&design, &outcome, &weights, penalty, None, tolerance).unwrap();
        (found.max_gradient, found.iterations, found.coefficients)
    };
    let out = unsafe { std::slice::from_raw_parts_mut(out, 2 + coefficients.len()) };
    out[0] = gradient;
    out[1] = passes as f64;
    out[2..].copy_from_slice(&coefficients);
}
