#pragma once

// Checks a whole log against what its callers were told: no lost, duplicated, reordered or invented commit.

#include <string>
#include <vector>

#include "forge/store/store.h"

namespace forge {

// What one caller was told, in the order of its asking. Each attempt carries a correlation that no other has.
struct CallerHistory {
  struct Acknowledged {
    std::string correlation;
    TransactionReceipt receipt;
  };
  std::vector<Acknowledged> acknowledged;
  std::vector<std::string> refused;  // correlations
};

// Looks at every event after `base`: dense seqs; whole transactions, each with one id and one time; strictly increasing times;
// dense versions; each acknowledged transaction exactly once and as it was answered; nothing refused; nothing that nobody asked
// for, unless its correlation is in `others`; each caller's own order. Reports through GoogleTest.
void check_history(const Store& store, Seq base, const std::vector<CallerHistory>& callers,
                   const std::vector<std::string>& others = {});

}  // namespace forge
