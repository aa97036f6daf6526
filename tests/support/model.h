#pragma once

// What a store should do, done naively: a list of events; the state is a fold of a prefix of it, a unique value is free when no
// living record has it, and an idempotency key is an entry of a map. Written from the public contract alone, for model_domain.h.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "forge/events/envelope.h"
#include "forge/store/transaction.h"
#include "forge/store/view.h"
#include "support/model_domain.h"

namespace forge::model {

struct RecordName {
  std::string resource, key;
  friend auto operator<=>(const RecordName&, const RecordName&) = default;
};

struct ModelEvent {
  Seq seq = 0;
  Time recorded_at;
  std::optional<Time> raw_clock;
  Uuid transaction;
  std::uint16_t place = 0, count = 1;
  RecordName record;  // empty: an event that changes nothing
  std::string action, type;
  bool destroys = false;
  Version version = 0;
  std::uint32_t incarnation = 0;
  ActOptions options;
  Fields arguments, changes;
  std::vector<std::string> cleared;
};

// One record after one event.
struct Standing {
  Version version = 0;
  Seq seq = 0;
  std::uint32_t incarnation = 0;
  std::optional<Fields> fields;  // absent: destroyed
};

// What a transaction should answer.
struct Prediction {
  ErrorId error = ErrorId::kNone;
  bool replayed = false;
  std::vector<ModelEvent> events;  // made keys are empty
};

// The log of one store, of which several models, each with records of its own, hold parts.
struct ModelLog {
  // An empty log, or one that holds `head` events of one transaction.
  explicit ModelLog(Seq first_head = 0, Time time = {}) : head(first_head), head_time(time), base(first_head), base_time(time) {}

  Seq head = 0;
  Time head_time;
  Time floor;    // no later transaction is recorded at or before this
  Seq base = 0;  // the events up to this are no model's
  Time base_time;
  std::map<Seq, ModelEvent> events;

  // The last event recorded at or before `time`; absent: the time is in the future. Raises the floor.
  std::optional<Seq> resolve(Time time, Time clock);
  Seq seq_at(Time time) const;
};

// The records, unique values and idempotency keys that no other model of the same log uses.
class Model {
 public:
  explicit Model(ModelLog& log) : log_(log) {}

  Prediction predict(const std::vector<ActionRequest>& requests, const ActOptions& options, Time clock) const;
  // The store accepted what was predicted, and gave it this id and these keys.
  void accept(Prediction prediction, const TransactionReceipt& receipt, const std::vector<ActionRequest>& requests);

  // Every event of this model, in order.
  const std::vector<const ModelEvent*>& events() const { return events_; }
  std::set<RecordName> records() const;
  // The record's versions up to `seq`, oldest first: one for each of its events.
  std::vector<Standing> standings(const RecordName& record, Seq seq) const;
  // Absent where no record lives.
  std::optional<Standing> living(const RecordName& record, Seq seq) const;

  // What the reads of View should give at `seq`; empty where they find no record.
  std::vector<VersionRow> history(const RecordName& record, Seq seq) const;
  std::vector<FieldBlame> blame(const RecordName& record, Seq seq) const;
  std::optional<RecordDiff> diff(const RecordName& record, Seq before, Seq after) const;

 private:
  struct Draft;
  struct Remembered {
    std::string input;
    std::vector<const ModelEvent*> events;
  };

  ErrorId decide(const ActionRequest& request, const ActOptions& options, Draft& draft) const;
  ErrorId apply(const ActionModel& action, const ActionRequest& request, const ActOptions& options, Draft& draft,
                const std::optional<Standing>& standing, ModelEvent& event) const;
  ErrorId check_unique(const Draft& draft) const;
  std::optional<Standing> last_standing(const RecordName& record, const Draft& draft) const;

  ModelLog& log_;
  std::vector<const ModelEvent*> events_;
  std::map<std::string, Remembered> remembered_;
};

}  // namespace forge::model
