#pragma once

// One decision about a run, as it can be compared with another and told to people.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "forge/workflows/hop.h"
#include "run_fold.h"

namespace forge::internal {

struct Decision {
  Command command;
  std::string step;  // the path; empty: the run itself
  std::string body;  // what carries it out: "action Stock.reserve"; empty where nothing does
};

// Of a command that was decided just now.
Decision decision_of(const RunFold& fold, const Command& command);
// Whether two definitions decided the same, wherever the step stands in each.
bool is_same(const Decision& one, const Decision& other);
// "runs action Stock.reserve".
std::string words_of(const Decision& decision);
// Both in words, with the first detail in which they differ. Null: nothing was decided there.
std::pair<std::string, std::string> words_of_difference(const Decision* one, const Decision* other);

// "action", "http", "map".
std::string kind_of_body(const fb::BodyUnion& body);
// "action Stock.reserve", "function price", "sleep".
std::string words_of_body(const fb::StepT& step);

// The first place at which two values differ, by its path.
std::optional<ValueDifference> first_difference(const Value& one, const Value& other);
// All of them, at most `limit`.
std::vector<ValueDifference> differences(const Value& one, const Value& other, std::size_t limit);
// As JSON, cut where it is long.
std::string shown_briefly(const Value& value);

}  // namespace forge::internal
