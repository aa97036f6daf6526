#pragma once

// One figure: what Forge and a baseline measured in the same rounds of the same run, and the promise that binds their relation.

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace forge::bench {

// What a promise binds.
enum class Bound { kRatioAtLeast, kRatioAtMost, kDifferenceAtMost, kValueAtMost, kValueAtLeast };

struct Promise {
  Bound bound = Bound::kRatioAtLeast;
  double limit = 0;
};

struct Figure {
  std::string name;  // "commit.1.raw"
  std::string what;  // "durable actions, 1 caller"
  std::string unit;
  std::string baseline;
  std::vector<double> forge, other;  // by round
  std::optional<Promise> promise;
};

struct Spread {
  double median = 0, min = 0, max = 0;
};

Spread spread_of(std::vector<double> values);
// Round by round, so that a disturbance of the machine hits both sides.
Spread ratio_of(const Figure& figure);
Spread difference_of(const Figure& figure);
// The spread that the promise binds, and whether its median keeps it.
Spread promised_of(const Figure& figure);
bool is_kept(const Figure& figure);

using Measurement = std::function<double()>;
// Runs all measurements one after another, `rounds` times, after one round that is not counted. The result: by measurement, by
// round.
std::vector<std::vector<double>> alternate(int rounds, const std::vector<Measurement>& measurements);

}  // namespace forge::bench
