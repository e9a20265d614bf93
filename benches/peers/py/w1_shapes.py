"""scikit-learn's part of js/w1_shapes.mjs. `gen` writes the data; else reads {"tag","d","k","dt","tol"} lines and answers each with one timed run."""
import json, os, sys
for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[v] = os.environ.get("THREADS", "1")
import time, warnings, numpy as np
warnings.filterwarnings("ignore")
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.metrics import silhouette_score
P = lambda f: os.path.join(os.environ.get("PEERS_DATA", "data"), f)
N = {"100k": 100_000, "1m": 1_000_000}
DIMS, KS = (2, 5, 8, 17, 32), (3, 8, 16)

def gen():
    for d in DIMS:
        r = np.random.default_rng(100 + d)
        cen = r.normal(0, 1.1, (12, d)); wts = r.dirichlet(np.full(12, 3.0)); spread = r.uniform(0.8, 1.9, 12)
        n = N["1m"]; lab = r.choice(12, n, p=wts)
        x = cen[lab] + r.normal(0, 1, (n, d)) * spread[lab][:, None]
        m = r.random(n) < 0.05; x[m] = r.uniform(-8, 8, (m.sum(), d))
        for tag, rows in N.items():
            y = x[:rows]; y = ((y - y.mean(0)) / y.std(0)).astype(np.float32)
            y.tofile(P(f"w1s_{tag}_{d}.f32"))
            for k in KS:
                c, _ = kmeans_plusplus(y[:50_000].astype(np.float64), k, random_state=7)
                c.astype(np.float32).astype(np.float64).tofile(P(f"w1s_{tag}_{d}_{k}.f64"))

def gen_w5():
    y = np.fromfile(P("w1s_100k_8.f32"), np.float32).reshape(-1, 8).astype(np.float64)
    np.random.default_rng(5).permutation(len(y))[:5000].astype(np.uint32).tofile(P("w5s_rows.u32"))
    for k in range(2, 11):
        kmeans_plusplus(y, k, random_state=1)[0].tofile(P(f"w5s_{k}.f64"))

def w5(dt):
    """k = 2..10 from given centres, each with the silhouette of 5,000 rows."""
    X = np.fromfile(P("w1s_100k_8.f32"), np.float32).reshape(-1, 8).astype(np.float64 if dt == "f64" else np.float32)
    rows = np.fromfile(P("w5s_rows.u32"), np.uint32); starts = [np.fromfile(P(f"w5s_{k}.f64")).reshape(k, 8).astype(X.dtype) for k in range(2, 11)]
    t = time.perf_counter(); s = []; labels = []
    for k, c in zip(range(2, 11), starts):
        m = KMeans(k, init=c, n_init=1, max_iter=300, tol=1e-4).fit(X); s.append(float(silhouette_score(X[rows], m.labels_[rows]))); labels.append(m.labels_)
    ms = (time.perf_counter() - t) * 1e3
    return dict(ms=ms, silhouettes=s, labels=np.concatenate(labels).astype(np.uint8).tobytes().hex())

if sys.argv[1:] == ["gen"]:
    gen(); gen_w5(); sys.exit()
if sys.argv[1:] == ["gen_w5"]:
    gen_w5(); sys.exit()
held, X = None, None
for line in sys.stdin:
    q = json.loads(line)
    if "w5" in q: print(json.dumps(w5(q["w5"])), flush=True); continue
    d, k = q["d"], q["k"]
    if held != (q["tag"], d, q["dt"]):
        X = None; X = np.fromfile(P(f"w1s_{q['tag']}_{d}.f32"), np.float32).reshape(-1, d)
        if q["dt"] == "f64": X = X.astype(np.float64)
        held = (q["tag"], d, q["dt"])
    c0 = np.fromfile(P(f"w1s_{q['tag']}_{d}_{k}.f64")).reshape(k, d).astype(X.dtype)
    t = time.perf_counter(); m = KMeans(k, init=c0, n_init=1, max_iter=q.get("iterations", 300), tol=q["tol"], algorithm="lloyd").fit(X); t = (time.perf_counter() - t) * 1e3
    a = dict(ms=t, iterations=int(m.n_iter_), inertia=float(m.inertia_))
    if q["dt"] == "f32":   # the same labels and centres, summed in double precision
        a["inertia"] = float(((X.astype(np.float64) - m.cluster_centers_.astype(np.float64)[m.labels_]) ** 2).sum())
    print(json.dumps(a), flush=True)
