#pragma once

// One random sequence: what it does next to records of its own, on a store that it shares with other sequences.

#include <string>
#include <vector>

#include "forge/store/transaction.h"
#include "support/dice.h"
#include "support/model.h"

namespace forge::model {

// A transaction to try.
struct Attempt {
  std::vector<ActionRequest> requests;
  ActOptions options;

  // As a line of the failure's report.
  std::string text() const;
};

class Lane {
 public:
  // Keys, unique values and idempotency keys carry `number`: no other lane of the store has it.
  Lane(std::uint64_t number, ModelLog& log, Dice& dice);

  Attempt next();

  Model& model() { return model_; }
  const Model& model() const { return model_; }
  const std::string& name() const { return name_; }
  // What all text keys begin with, but for keys that the store made.
  std::string key_prefix() const { return name_ + "-"; }

 private:
  ActOptions options();
  ActionRequest request();
  ActionRequest account_request();
  ActionRequest item_request();
  void add_account_arguments(Args& args, std::initializer_list<const char*> names);
  void spoil(ActionRequest& request);
  std::vector<ActionRequest> swap();
  Value account_argument(const std::string& name);
  Value parts();
  std::int64_t amount();
  std::optional<Version> expectation(const RecordName& record);
  bool lives(const RecordName& record) const;

  Dice& dice_;
  ModelLog& log_;
  Model model_;
  std::int64_t number_;
  std::string name_;
  std::vector<std::string> accounts_, emails_;
  std::vector<std::int64_t> items_, slots_;
  std::vector<Attempt> keyed_;  // tried with an idempotency key
};

}  // namespace forge::model
