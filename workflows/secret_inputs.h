#pragma once

// Inputs that a workflow declares as secret, kept out of what is shown of a run's values.

#include <string>
#include <vector>

#include "run_fold.h"

namespace forge::internal {

class SecretInputs {
 public:
  // Of a run that has started; before that there are none.
  explicit SecretInputs(const RunFold& fold);

  // The value with "[secret]" in place of each value that is one, and of each text that holds one.
  Value hidden(const Value& value) const;
  std::string hidden(const std::string& text) const;

 private:
  std::vector<Value> secrets_;  // texts, numbers, lists and objects
};

}  // namespace forge::internal
