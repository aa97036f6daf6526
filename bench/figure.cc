#include "figure.h"

#include <algorithm>

namespace forge::bench {
namespace {

Spread spread_by_round(const Figure& figure, const std::function<double(double, double)>& relate) {
  std::vector<double> values;
  for (std::size_t i = 0; i < figure.forge.size(); ++i) values.push_back(relate(figure.forge[i], figure.other[i]));
  return spread_of(std::move(values));
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .min = values.front(), .max = values.back()};
}

Spread ratio_of(const Figure& figure) {
  return spread_by_round(figure, [](double forge, double other) { return forge / other; });
}

Spread difference_of(const Figure& figure) {
  return spread_by_round(figure, [](double forge, double other) { return forge - other; });
}

Spread promised_of(const Figure& figure) {
  if (!figure.promise || figure.promise->bound == Bound::kRatioAtLeast || figure.promise->bound == Bound::kRatioAtMost) {
    return ratio_of(figure);
  }
  return figure.promise->bound == Bound::kDifferenceAtMost ? difference_of(figure) : spread_of(figure.forge);
}

bool is_kept(const Figure& figure) {
  if (!figure.promise) return true;
  const double median = promised_of(figure).median;
  const bool is_floor = figure.promise->bound == Bound::kRatioAtLeast || figure.promise->bound == Bound::kValueAtLeast;
  return is_floor ? median >= figure.promise->limit : median <= figure.promise->limit;
}

std::vector<std::vector<double>> alternate(int rounds, const std::vector<Measurement>& measurements) {
  std::vector<std::vector<double>> out(measurements.size());
  for (int round = -1; round < rounds; ++round) {
    for (std::size_t i = 0; i < measurements.size(); ++i) {
      const double value = measurements[i]();
      if (round >= 0) out[i].push_back(value);
    }
  }
  return out;
}

}  // namespace forge::bench
