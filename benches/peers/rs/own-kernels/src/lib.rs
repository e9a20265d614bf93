//! This project's kernels behind a C ABI, for benches that pass the same start and the same stopping rule as to the peers.
use crm_analytics::segments::kmeans::{EmptyCluster, Stop, kmeans_from_centroids};
use crm_analytics::segments::points::Points;
use crm_analytics::segments::silhouette::{Labels, silhouettes};

#[unsafe(no_mangle)]
pub extern "C" fn alloc(bytes: usize) -> *mut u8 {
    unsafe { std::alloc::alloc(std::alloc::Layout::from_size_align(bytes.max(16), 64).unwrap()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn dealloc(at: *mut u8, bytes: usize) {
    unsafe { std::alloc::dealloc(at, std::alloc::Layout::from_size_align(bytes.max(16), 64).unwrap()) }
}

#[unsafe(no_mangle)]
pub extern "C" fn points_new(dims: usize, n: usize) -> *mut Points {
    Box::into_raw(Box::new(Points::with_capacity(dims, n)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn points_extend(points: *mut Points, rows: *const f64, values: usize) {
    unsafe { (*points).extend(std::slice::from_raw_parts(rows, values)) }
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
