"""References for mixtures, density clusters and silhouettes: python make.py > reference.json

scikit-learn 1.9.1, numpy 2.4.6. Points are Fisher's irises as scikit-learn carries them, standardised by the population SD, and two
crossing groups drawn here. Mixtures start from the labels row mod k (crossing: third of the first coordinate's rank), by one M step.
"""
import json

import numpy as np
from sklearn.cluster import DBSCAN
from sklearn.datasets import load_iris
from sklearn.metrics import silhouette_samples, silhouette_score
from sklearn.mixture import GaussianMixture

iris = load_iris().data
iris = np.round((iris - iris.mean(0)) / iris.std(0), 6)
random = np.random.default_rng(3)
n = 240
group = random.integers(0, 2, n)
along, across = 5 * random.normal(size=n), 0.3 * random.normal(size=n)
crossing = np.round(np.column_stack([along, np.where(group == 0, 0.8, -0.8) * along + across + 6 * group]), 6)


def start(points, labels, k, kind, ridge):
    """Shares, means and precisions of one M step from labels."""
    shares = np.array([(labels == c).mean() for c in range(k)])
    means = np.array([points[labels == c].mean(0) for c in range(k)])
    covariances = [np.cov(points[labels == c].T, bias=True) + ridge * np.eye(points.shape[1]) for c in range(k)]
    if kind == "full":
        return shares, means, np.array([np.linalg.inv(c) for c in covariances])
    return shares, means, np.array([1 / np.diag(c) for c in covariances])


def mixture(points, labels, k, kind):
    shares, means, precisions = start(points, labels, k, kind, 1e-6)
    fit = GaussianMixture(k, covariance_type=kind, tol=1e-6, max_iter=500, weights_init=shares, means_init=means,
                          precisions_init=precisions).fit(points)
    full = fit.covariances_ if kind == "full" else np.array([np.diag(c) for c in fit.covariances_])
    return {
        "k": k, "covariance": kind, "start": labels.tolist(), "iterations": int(fit.n_iter_), "shares": fit.weights_.tolist(),
        "means": fit.means_.ravel().tolist(), "covariances": full.ravel().tolist(),
        "log_likelihood": float(fit.score(points) * len(points)), "bic": float(fit.bic(points)),
        "labels": fit.predict(points).tolist(), "probabilities": fit.predict_proba(points).ravel().tolist(),
    }


def density(points, radius, least):
    fit = DBSCAN(eps=radius, min_samples=least).fit(points)
    return {"radius": radius, "min_weight": least, "labels": fit.labels_.tolist(), "core": fit.core_sample_indices_.tolist()}


sets = []
for name, points, k in [("iris", iris, 3), ("crossing", crossing, 2)]:
    labels = np.arange(len(points)) * k // len(points)
    if name == "crossing":
        labels = (points[:, 0].argsort().argsort() >= len(points) // 2).astype(int)
    sets.append({
        "name": name, "dims": points.shape[1], "points": points.ravel().tolist(),
        "mixtures": [mixture(points, labels, k, kind) for kind in ("full", "diag")],
        "density": [density(points, radius, least) for radius, least in ((0.45, 5), (0.7, 8), (1.3, 4))],
        "silhouette": {"labels": labels.tolist(), "mean": float(silhouette_score(points, labels)),
                       "of_cluster": [float(silhouette_samples(points, labels)[labels == c].mean()) for c in range(k)]},
    })
print(json.dumps({"made_by": "make.py", "packages": {"scikit-learn": "1.9.1", "numpy": "2.4.6"}, "sets": sets}))
