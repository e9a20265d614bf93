# Reference results for the tests of groups and for curves with delayed entry. Run here: Rscript make.R
# R 4.2.2 with survival 3.5-3 (survdiff, survfit), cmprsk 2.2-11 (cuminc) and jsonlite 1.8.4.
suppressMessages({ library(survival); library(cmprsk); library(jsonlite) })

# One comparison: log-rank of any event and Gray's test of every cause, each with and without strata. `weight` repeats rows.
compare <- function(d, group, stratum = NULL) {
  d <- d[rep(seq_len(nrow(d)), d$weight), ]
  # Tests see the order of times alone; as ranks, times that differ by seconds are not taken for ties.
  d$duration <- match(d$duration, sort(unique(d$duration)))
  g <- factor(d[[group]])
  s <- if (is.null(stratum)) rep(1, nrow(d)) else d[[stratum]]
  ranks <- lapply(c(0, 1), function(rho) {
    fit <- survdiff(Surv(duration, cause > 0) ~ g + strata(s), data = d, rho = rho)
    if (is.null(stratum)) fit <- survdiff(Surv(duration, cause > 0) ~ g, data = d, rho = rho)
    # survdiff prints p with the digits of pchisq.
    sums <- function(x) if (is.matrix(x)) rowSums(x) else x
    list(rho = rho, chisq = fit$chisq, df = nlevels(g) - 1, p = pchisq(fit$chisq, nlevels(g) - 1, lower.tail = FALSE),
         observed = as.vector(sums(fit$obs)), expected = as.vector(sums(fit$exp)))
  })
  tests <- cuminc(d$duration, d$cause, g, strata = s)$Tests
  gray <- lapply(rownames(tests), function(cause) list(cause = as.integer(cause), chisq = tests[[cause, "stat"]], df = tests[[cause, "df"]]))
  list(group = group, stratum = stratum, levels = levels(g), log_rank = ranks, gray = gray)
}

# Delta-method variance of an incidence, as Gaynor et al. (1993) sum it. With delayed entry survfit gives the infinitesimal jackknife instead.
gaynor <- function(d, times, cause) {
  events <- sort(unique(d$duration[d$cause > 0]))
  n <- sapply(events, function(t) sum(d$duration >= t & (d$entry == 0 | d$entry < t)))
  all <- sapply(events, function(t) sum(d$duration == t & d$cause > 0))
  own <- sapply(events, function(t) sum(d$duration == t & d$cause == cause))
  before <- c(1, cumprod(1 - all / n))[seq_along(events)]
  f <- cumsum(before * own / n)
  sapply(times, function(t) {
    i <- events <= t
    rest <- max(f[i]) - f[i]
    terms <- rest^2 * all[i] / (n[i] * (n[i] - all[i]))
    terms[n[i] == all[i]] <- 0
    sqrt(sum(terms) + sum(before[i]^2 * (n[i] - own[i]) / n[i]^3 * own[i]) - 2 * sum(rest * before[i] * own[i] / n[i]^2))
  })
}

# Kaplan-Meier and Aalen-Johansen of the whole set, with delayed entry.
curves <- function(d) {
  d <- d[rep(seq_len(nrow(d)), d$weight), ]
  d$id <- seq_len(nrow(d))
  km <- survfit(Surv(entry, duration, cause > 0) ~ 1, data = d, conf.type = "log-log", timefix = FALSE)
  state <- factor(d$cause, 0:max(d$cause), c("open", paste0("cause", seq_len(max(d$cause)))))
  aj <- survfit(Surv(entry, duration, state) ~ 1, data = d, id = id, conf.type = "log-log", timefix = FALSE)
  event <- km$n.event > 0
  at <- match(km$time[event], aj$time)
  q <- quantile(km, c(0.25, 0.5, 0.75, 0.9))
  list(time = km$time[event], at_risk = km$n.risk[event], surv = km$surv[event], se = (km$std.err * km$surv)[event],
       low = km$lower[event], high = km$upper[event],
       quantile = list(p = c(0.25, 0.5, 0.75, 0.9), value = as.vector(q$quantile), low = as.vector(q$lower), high = as.vector(q$upper)),
       causes = lapply(seq_len(max(d$cause)), function(k)
         list(incidence = aj$pstate[at, k + 1], se = gaynor(d, km$time[event], k), se_survfit = if (all(d$entry == 0)) aj$std.err[at, k + 1] else NULL, low = aj$lower[at, k + 1], high = aj$upper[at, k + 1])))
}

save <- function(name, comparisons, curve = NULL)
  write(toJSON(list(software = list(R = R.version$version.string, survival = "3.5-3", cmprsk = "2.2-11"), comparisons = comparisons, curves = curve),
               auto_unbox = TRUE, digits = NA, null = "null", na = "null"), paste0(name, ".json"))

# Ties, unequal groups and hazards, three strata, weights.
set.seed(20260404)
n <- 400
ties <- data.frame(entry = 0, group = sample(c("a", "b", "c", "d"), n, TRUE, c(4, 3, 2, 1)), stratum = sample(c("x", "y", "z"), n, TRUE),
                   weight = sample(1:3, n, TRUE, c(6, 2, 1)))
ties$duration <- ceiling(8 * rweibull(n, 1.4) * (1 + 0.5 * (ties$group == "b") + 0.3 * (ties$stratum == "y")))
ties$cause <- ifelse(runif(n) < 0.25, 0, ifelse(runif(n) < 0.5 + 0.2 * (ties$group == "c"), 1, 2))
write.csv(ties, "ties.csv", row.names = FALSE, quote = FALSE)
save("ties", list(compare(ties, "group"), compare(ties, "group", "stratum"), compare(ties, "stratum")), curves(transform(ties, entry = 0)))

# Continuous times, delayed entry of two in five, 40 % censored.
n <- 300
late <- data.frame(duration = round(rexp(n, 0.05), 6), weight = 1, group = "all", stratum = "all")
late$entry <- ifelse(runif(n) < 0.4, round(rexp(n, 0.1), 6), 0)
late$cause <- ifelse(runif(n) < 0.4, 0, sample(1:2, n, TRUE, c(2, 3)))
late <- late[late$entry < late$duration, ]
write.csv(late, "late.csv", row.names = FALSE, quote = FALSE)
save("late", list(), curves(late))

# Lung cancer trial of Kalbfleisch & Prentice (1980, appendix I): `veteran` of the survival package.
trial <- with(veteran, data.frame(entry = 0, duration = time, cause = status, weight = 1, group = celltype, stratum = trt))
write.csv(trial, "veteran.csv", row.names = FALSE, quote = FALSE)
save("veteran", list(compare(trial, "group"), compare(trial, "group", "stratum"), compare(trial, "stratum")), curves(trial))

# Maven: creation to close by the columns of deals and teams.
root <- "../../.."
deals <- read.csv(file.path(root, "www/data/maven/sales_pipeline.csv"))
teams <- read.csv(file.path(root, "www/data/maven/sales_teams.csv"))
maven <- merge(read.csv("../maven-crm/oracle_durations.csv"), deals, by = "opportunity_id")
maven$office <- trimws(teams$regional_office)[match(maven$sales_agent, trimws(teams$sales_agent))]
maven <- transform(maven, duration = days, weight = 1)
save("maven", list(compare(maven, "office"), compare(maven, "product"), compare(maven, "sales_agent"), compare(maven, "product", "office")))

# Receipt log, where it is here: stays by stage (those of 100 or more), leading to T06 or elsewhere.
log <- file.path(root, "../shared/data/receipt-log/oracle_visits.csv.gz")
if (file.exists(log)) {
  visits <- read.csv(gzfile(log))
  visits <- visits[visits$concept.name %in% names(which(table(visits$concept.name) >= 100)), ]
  visits$cause <- ifelse(visits$event == 0, 0, ifelse(startsWith(visits$next_stage, "T06"), 1, 2))
  visits <- transform(visits, duration = days, weight = 1, stage = concept.name)
  save("receipt", list(compare(visits, "stage")))
}
