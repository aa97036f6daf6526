#pragma once

// Compares what a store answers with what its models say. Stops at the first difference.

#include <string>
#include <vector>

#include "forge/store/store.h"
#include "support/dice.h"
#include "support/model.h"

namespace forge::model {

class Comparison {
 public:
  // `writable`: the store answers times after its head.
  Comparison(const Store& store, ModelLog& log, std::vector<const Model*> models, Time clock, bool writable, Dice& dice);

  // Everything of one model, at every boundary of its events.
  void model(const Model& model, const std::string& actor, const std::string& key_prefix);
  // What crosses models: the whole log, listings, whole-store diffs.
  void whole();
  // The current state of these records.
  void current(const Model& model, const std::set<RecordName>& records);
  // What a transaction answered.
  void receipt(const Prediction& expected, const Result<TransactionReceipt>& answer);

  // The first difference; empty: none.
  const std::string& difference() const { return difference_; }

 private:
  void note(const std::string& what);
  // Notes `what` unless `holds`.
  template <typename What>
  void expect(bool holds, const What& what) {
    if (!holds) note(what());
  }

  View view(Seq seq);
  void slices(const Model& model);
  void times(const Model& model);
  void record(const Model& model, const View& view, const RecordName& name);
  void versions(const Model& model, const View& view, const RecordName& name);
  void history(const Model& model, const View& view, const RecordName& name);
  void blame(const Model& model, const View& view, const RecordName& name);
  void diffs(const Model& model, const RecordName& name);
  void logs(const Model& model, const std::string& actor);
  void log(const View& view, const LogQuery& query);
  void listing(const View& view, const ListQuery& query, bool (*matches)(const Fields&));
  void listings(const View& view, const std::string& key_prefix);
  void whole_diff(Seq before, Seq after);
  void fields(const ResourceModel& resource, const Record& found, const Standing& expected);
  void event(const Event& found, const ModelEvent& expected);
  Seq random_seq();
  // Every record of a resource in the order of its keys, with its model.
  std::vector<std::pair<RecordName, const Model*>> in_key_order(const std::string& resource) const;

  const Store& store_;
  ModelLog& log_;
  const std::vector<const Model*> models_;
  const Time clock_;
  const bool writable_;
  Dice& dice_;
  const Seq first_;  // the first seq that the models know
  std::string context_, difference_;
};

}  // namespace forge::model
