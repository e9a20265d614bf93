"""scikit-learn's part of js/w2_shapes.mjs. `gen` writes the data; else reads {"tag","d","solver"} lines and answers each with one timed run,
or {"tag","d","intercept","slopes"} and answers with log-loss and area under the curve."""
import json, os, sys
for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[v] = os.environ.get("THREADS", "1")
import time, warnings, numpy as np
warnings.filterwarnings("ignore")
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
P = lambda f: os.path.join(os.environ.get("PEERS_DATA", "data"), f)
N = {"100k": 100_000, "1m": 1_000_000}

def gen():
    for d in (5, 20, 60):
        r = np.random.default_rng(200 + d); n = N["1m"]; numbers = d * 3 // 5; common = r.normal(0, 1, n)
        x = np.empty((n, d)); x[:, :numbers] = r.normal(0, 1, (n, numbers)) + 0.5 * common[:, None]
        x[:, :numbers] = (x[:, :numbers] - x[:, :numbers].mean(0)) / x[:, :numbers].std(0)
        level = r.choice(d - numbers + 1, n, p=r.dirichlet(np.full(d - numbers + 1, 4.0)))   # one category, its first level the reference
        x[:, numbers:] = level[:, None] == np.arange(1, d - numbers + 1)
        z = x @ np.concatenate([r.normal(0, 1.5 / np.sqrt(numbers), numbers), r.normal(0, 0.6, d - numbers)]) - 0.8
        y = (r.random(n) < 1 / (1 + np.exp(-z))).astype(np.uint8)
        for tag, rows in N.items():
            x[:rows].tofile(P(f"w2s_{tag}_{d}_x.f64")); y[:rows].tofile(P(f"w2s_{tag}_{d}_y.u8"))

if sys.argv[1:] == ["gen"]:
    gen(); sys.exit()
held = None
for line in sys.stdin:
    q = json.loads(line); d = q["d"]
    if held != (q["tag"], d):
        held = (q["tag"], d); X = np.fromfile(P(f"w2s_{q['tag']}_{d}_x.f64")).reshape(-1, d); y = np.fromfile(P(f"w2s_{q['tag']}_{d}_y.u8"), np.uint8).astype(np.int64)
    a = {}
    if "solver" in q:
        t = time.perf_counter(); m = LogisticRegression(C=1.0, solver=q["solver"], tol=1e-6, max_iter=1000).fit(X, y)
        a = dict(ms=(time.perf_counter() - t) * 1e3, iterations=int(m.n_iter_[0]))
        q |= dict(intercept=float(m.intercept_[0]), slopes=m.coef_[0].tolist())
    if q.get("judge", True):
        w = np.array(q["slopes"]); p = 1 / (1 + np.exp(-(X @ w + q["intercept"]))); e = p - y
        a |= dict(gradient=float(max(np.abs(X.T @ e + w).max(), abs(e.sum())) / len(y)), log_loss=float(log_loss(y, p)), auc=float(roc_auc_score(y, p)))
    print(json.dumps(a), flush=True)
