#pragma once

// Append conditions while a transaction is decided: against the log, and against the events that are decided and perhaps not in it
// yet. Of these only numbers, key and tags are kept, in memory that is used again.
//
// Used by the decider alone. A transaction without a condition pays for noting its own events and asks nothing.

#include <string>
#include <string_view>
#include <vector>

#include "catalog.h"
#include "database.h"
#include "forge/events/envelope.h"
#include "log_condition.h"

namespace forge::internal {

class ConditionCheck {
 public:
  ConditionCheck(const Database& database, const Catalog& catalog) : database_(database), catalog_(catalog) {}

  // Starts after the last event of the log.
  void restore(Seq head);
  // Marks the beginning of a transaction; roll_back() takes back every event since.
  void begin() { undoable_ = 0; }
  void roll_back();
  // The transaction at hand writes this event; its seq is the next one.
  void note(const Envelope& envelope, std::uint64_t group);
  // Forgets the events of `group` and those before it: they are in the log now.
  void forget(std::uint64_t group);

  // Before the transaction's own events. Errors: kConditionFailed, kDataCorrupt, kIoError.
  Status check(const PreparedCondition& prepared) const;

 private:
  struct Staged {
    std::uint64_t group = 0;
    std::size_t begin = 0;  // of its bytes in texts_: the key, then each tag with a 0x00 behind it
    std::size_t key_size = 0;
    std::uint16_t resource = 0;
    std::uint16_t action = 0;
  };

  bool has_tag(std::size_t event, const ConditionTag& tag) const;
  bool is_wanted(std::size_t event, const LogCondition& condition, std::string_view type) const;
  std::optional<ConditionMatch> find_staged(const LogCondition& condition, Seq from) const;
  std::string_view bytes_of(std::size_t event) const;
  void drop_forgotten();

  const Database& database_;
  const Catalog& catalog_;
  // Those of the events in_log_ + 1 and so on; the first `forgotten_` of them are in the log already.
  std::vector<Staged> staged_;
  std::string texts_;
  std::size_t forgotten_ = 0;
  std::size_t undoable_ = 0;  // events at the end that the transaction made
  Seq in_log_ = 0;
};

}  // namespace forge::internal
