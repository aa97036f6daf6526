#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "forge/events/json.h"

namespace forge::bench {
namespace {

// Three digits or more, thousands set off.
std::string number(double value) {
  char text[64];
  if (std::abs(value) >= 1000) {
    std::snprintf(text, sizeof(text), "%.0f", value);
    std::string out = text;
    for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3) {
      out.insert(static_cast<std::size_t>(at), ",");
    }
    return out;
  }
  std::snprintf(text, sizeof(text), "%.*f", std::abs(value) >= 100 ? 0 : std::abs(value) >= 10 ? 1 : 2, value);
  return text;
}

std::string spread(const Spread& of) {
  return number(of.median) + " [" + number(of.min) + " – " + number(of.max) + "]";
}

std::string promise(const Figure& figure) {
  if (!figure.promise) return "–";
  const std::string limit = number(figure.promise->limit);
  switch (figure.promise->bound) {
    case Bound::kRatioAtLeast:
      return "≥ " + limit + " ×";
    case Bound::kRatioAtMost:
      return "≤ " + limit + " ×";
    case Bound::kDifferenceAtMost:
      return "≤ " + limit + " more: " + spread(difference_of(figure));
    case Bound::kValueAtMost:
      return "≤ " + limit + " " + figure.unit;
    case Bound::kValueAtLeast:
      return "≥ " + limit + " " + figure.unit;
  }
  return "–";
}

// Characters, not bytes: the table holds – and ×.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

using Row = std::vector<std::string>;

Row row_of(const Figure& figure) {
  return {figure.name,
          figure.what,
          number(spread_of(figure.forge).median) + " " + figure.unit,
          number(spread_of(figure.other).median),
          figure.baseline,
          spread(ratio_of(figure)),
          promise(figure),
          !figure.promise   ? ""
          : is_kept(figure) ? "kept"
                            : "MISSED"};
}

Object object_of(const Spread& of) {
  return {{"median", of.median}, {"min", of.min}, {"max", of.max}};
}

List list_of(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

Object object_of(const Figure& figure) {
  Object out{{"figure", figure.name},
             {"what", figure.what},
             {"unit", figure.unit},
             {"baseline", figure.baseline},
             {"forge_rounds", list_of(figure.forge)},
             {"baseline_rounds", list_of(figure.other)},
             {"ratio", object_of(ratio_of(figure))}};
  if (!figure.promise) return out;
  out.add("promise", promise(figure));
  out.add("promised", object_of(promised_of(figure)));
  out.add("kept", is_kept(figure));
  return out;
}

}  // namespace

Tally tally_of(const Report& report) {
  Tally out;
  for (const Figure& figure : report.figures) {
    if (figure.promise) ++out.promises;
    if (!is_kept(figure)) ++out.missed;
  }
  return out;
}

std::string to_text(const Report& report) {
  std::string out;
  for (const auto& [name, value] : report.setting)
    out += name + std::string(12 - std::min<std::size_t>(11, name.size()), ' ') + value + "\n";
  std::vector<Row> rows{{"figure", "what", "Forge", "baseline", "", "ratio [min – max]", "promise", ""}};
  for (const Figure& figure : report.figures) rows.push_back(row_of(figure));
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  for (const Row& row : rows) {
    out += "\n";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - width(row[i]), ' ');
      const bool right = i == 2 || i == 3;
      out += right ? fill + row[i] : row[i] + fill;
      out += i + 1 < row.size() ? "  " : "";
    }
    out.erase(out.find_last_not_of(' ') + 1);
  }
  const Tally tally = tally_of(report);
  return out + "\n\n" + std::to_string(tally.promises) + " promises, " + std::to_string(tally.missed) + " missed\n";
}

std::string to_json(const Report& report) {
  Object setting;
  for (const auto& [name, value] : report.setting) setting.add(name, value);
  List figures;
  for (const Figure& figure : report.figures) figures.emplace_back(object_of(figure));
  return forge::to_json(Object{{"setting", std::move(setting)},
                               {"figures", std::move(figures)},
                               {"promises", tally_of(report).promises},
                               {"missed", tally_of(report).missed}}) +
         "\n";
}

}  // namespace forge::bench
