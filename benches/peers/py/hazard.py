"""The second part of W2: competing hazards by week of 100 k deals (2 M deal-weeks, 30 features, ten of them categories), this project natively against
scikit-learn's multinomial regression on the same deal-weeks as sparse rows, both on one thread and at the same penalty.
  hazard.py gen           writes the data; DEALS sets how many, for both
  hazard.py [solver ...]  one JSON line per solver (lbfgs, newton-cholesky): times, ratio, memory, and how far the mean log-losses are apart"""
import json, os, resource, subprocess, sys
for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[v] = "1"
import time, warnings, numpy as np
warnings.filterwarnings("ignore")
DATA = os.environ.get("PEERS_DATA", "data")
P = lambda f: os.path.join(DATA, "hz_" + f)
N, NUMBERS, LEVELS, WEEKS = int(os.environ.get("DEALS", 100_000)), 20, [2, 3, 4, 4, 5, 6, 8, 8, 12, 25], 60

def gen():
    r = np.random.default_rng(5)
    common = r.normal(0, 1, N)
    x = r.normal(0, 1, (NUMBERS, N)) + 0.5 * common
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    c = np.stack([r.choice(k, N, p=r.dirichlet(np.full(k, 4.0))) for k in LEVELS]).astype(np.uint32)
    t = np.arange(WEEKS) / WEEKS
    z = np.stack([t, t ** 2, t ** 3], 1)
    eta = []
    for sign, base in ((1, -4.2), (-1, -3.5)):
        s = base + sign * (r.normal(0, 0.4 / np.sqrt(NUMBERS), NUMBERS) @ x)
        for codes, k in zip(c, LEVELS):
            s = s + r.normal(0, 0.2, k)[codes]
        eta.append(s[:, None] + (z @ r.normal(0, 0.5, 3))[None])
    win, loss = np.exp(eta[0]), np.exp(eta[1])
    u, total = r.random((N, WEEKS)), 1 + win + loss
    which = np.where(u < win / total, 1, np.where(u < (win + loss) / total, 2, 0))
    censor = r.integers(8, WEEKS + 1, N)
    first = np.where((which > 0).any(1), (which > 0).argmax(1), WEEKS)
    periods = np.minimum(first + 1, censor).astype(np.uint32)
    outcome = np.where(first + 1 <= censor, which[np.arange(N), np.minimum(first, WEEKS - 1)], 0).astype(np.uint32)
    for name, a in (("x.f64", x), ("c.u32", c), ("z.f64", z), ("periods.u32", periods), ("outcome.u32", outcome)):
        a.tofile(P(name))
    json.dump(dict(n=N, numbers=NUMBERS, levels=LEVELS, basis=3), open(P("shape.json"), "w"))

def weeks():
    """One sparse row per deal-week, and its outcome."""
    import scipy.sparse as sp
    x = np.fromfile(P("x.f64")).reshape(NUMBERS, N)
    c = np.fromfile(P("c.u32"), np.uint32).reshape(len(LEVELS), N)
    z = np.fromfile(P("z.f64")).reshape(-1, 3)
    periods, outcome = np.fromfile(P("periods.u32"), np.uint32).astype(int), np.fromfile(P("outcome.u32"), np.uint32)
    blocks = [sp.csr_matrix(x.T)]
    for codes, k in zip(c, LEVELS):
        kept = codes > 0
        blocks.append(sp.csr_matrix((np.ones(kept.sum()), (np.flatnonzero(kept), codes[kept] - 1)), (N, k - 1)))
    deal = np.repeat(np.arange(N), periods)
    week = np.arange(len(deal)) - np.repeat(np.cumsum(periods) - periods, periods)
    X = sp.hstack([sp.hstack(blocks).tocsr()[deal], sp.csr_matrix(z[week])]).tocsr()
    y = np.where(week + 1 == periods[deal], outcome[deal], 0)
    return X, y

def loss(X, y, intercepts, slopes):
    s = X @ slopes.T + intercepts
    s -= s.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(s).sum(1)) - s[np.arange(len(y)), y]))

if sys.argv[1:] == ["gen"]:
    gen(); sys.exit()
reps = int(os.environ.get("PEERS_REPS", "3"))
ours = json.loads(subprocess.run([os.path.join(os.environ.get("PEERS_BUILD", "build"), "own-native"), "panel", DATA, str(reps)], stdout=subprocess.PIPE, check=True).stdout)
# Of the warm-up and of reading the files too. Where the machine has other work to do, only times of the processor can be compared.
own_cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime * 1e3 / (reps + 1)
from sklearn.linear_model import LogisticRegression
X, y = weeks()
beta = np.array(ours.pop("coefficients")).reshape(2, -1)
# The reference outcome has coefficients of zero here; scikit-learn penalises three vectors, which moves the optimum by next to nothing.
own = loss(X, y, np.r_[0, beta[:, 0]], np.vstack([np.zeros(beta.shape[1] - 1), beta[:, 1:]]))
for solver in sys.argv[1:] or ["lbfgs"]:
    A = X if solver != "newton-cholesky" else X.toarray()
    t, cpu = time.perf_counter(), time.process_time()
    m = LogisticRegression(C=1.0, solver=solver, tol=1e-6, max_iter=2000).fit(A, y)
    ms, cpu = (time.perf_counter() - t) * 1e3, (time.process_time() - cpu) * 1e3
    theirs = loss(X, y, m.intercept_, m.coef_)
    print(json.dumps(dict(rows=len(y), columns=X.shape[1], solver=solver, ours=round(ours["ms"], 1), sklearn=round(ms, 1), ratio=round(ours["ms"] / ms, 4),
                          cpu=[round(own_cpu, 1), round(cpu, 1)], ratio_cpu=round(own_cpu / cpu, 4),
                          steps=[ours["steps"], int(m.n_iter_[0])], gradient=ours["gradient"], log_loss=own, difference=own - theirs,
                          ours_mb=round(ours["peak_mb"]), sklearn_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), load=os.getloadavg()[0])), flush=True)
