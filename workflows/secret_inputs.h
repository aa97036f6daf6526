#pragma once

// Inputs that a workflow declares as secret, kept out of what is told of a run: its errors, its result, its debug labels and what
// it waits for. They go into whatever its steps do.

#include <string>
#include <vector>

#include "forge/events/status.h"
#include "run.h"

namespace forge::internal {

class SecretInputs {
 public:
  // Of a run that has started; before that there are none.
  SecretInputs(const Plan& plan, const RunState& state) : SecretInputs(plan, state.input) {}
  // Of one with that input.
  SecretInputs(const Plan& plan, const Value& input);

  // The value with "[secret]" in place of each value that is one, or a part of one, and of each text that holds one.
  Value hidden(const Value& value) const;
  // The text with "[secret]" wherever one stands in it, also where it has been made so before. Of numbers, and of texts of fewer
  // than four bytes, that is where they stand alone: they would be found in everything.
  std::string hidden(const std::string& text) const;
  // Its message; codes are words of who declared the step or wrote its function.
  RunError hidden(const RunError& error) const;
  // All of its text.
  Status hidden(const Status& status) const;

 private:
  struct Sought {
    std::string text;
    bool alone = false;  // only between what is neither letter nor digit
  };

  void gather(const Value& secret);
  static std::size_t find(const std::string& text, const Sought& sought, std::size_t from);

  std::vector<Value> values_;   // texts, numbers, lists and objects
  std::vector<Sought> sought_;  // the longest first: one may be a part of another
};

}  // namespace forge::internal
