#pragma once

// Taking an event back: what that comes to, read from the log and the versions of its record before anything is decided. So a long
// history holds up its caller and not the writer, who only has to see that the record is still at the version that was read.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog.h"
#include "database.h"
#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/store/transaction.h"
#include "record_reader.h"

namespace forge::internal {

// Immutable once made.
struct UndoPlan {
  Seq seq = 0;                           // the event that is taken back
  std::shared_ptr<const Domain> domain;  // by which it was planned: owns the actions
  const Action* action = nullptr;        // one of Resource::undo_actions
  std::string key;                       // encoded
  Version at = 0;                        // of the record, destroyed or not, for which this holds
  std::vector<std::uint16_t> fields;     // to be restored, in ascending order; of a record that is destroyed none
  Row row;                               // what they were; absent where a field was not set
  const Action* asked = nullptr;         // whose policies say who may
  Row arguments;                         // that it was given
  bool asked_of_new = false;             // it made the record

  RecordState before;        // what `row` borrows from
  AlignedBytes asked_event;  // what `arguments` borrow from
};

// Plans undos that will be one transaction, in order. What a record's versions say is taken as of `head`. Not safe for concurrent
// use; all outlive it.
class UndoPlanner {
 public:
  UndoPlanner(const Database& database, const Catalog& catalog, std::shared_ptr<const Domain> domain, Seq head);

  // Errors: kEventNotFound; kUndoRefused where it is not an event of a user's record, or the schema no longer has its action;
  // kVersionConflict; kUndoneAlready, naming the event that took it back; kUndoConflict, naming the later event that changed what
  // this one did, its actor and time; kUpcastFailed, kDataCorrupt.
  Result<std::shared_ptr<const UndoPlan>> plan(Seq seq, const std::optional<Version>& if_version);
  // The event that took `seq` back, and has not been taken back itself. Errors: kEventNotFound, kDataCorrupt.
  Result<std::optional<Seq>> undone_by(Seq seq);

 private:
  class Walk;
  struct Planned {
    Seq undoes = 0;
    Version undone = 0;  // the version that event made
    std::vector<bool> touched;
  };

  Result<Envelope> read(Seq seq, AlignedBytes& bytes) const;
  Result<const Resource*> resource_of(const Envelope& envelope) const;
  Status go_through(Walk& walk, const Resource& resource, std::string_view key);
  Status read_policies(const Envelope& undone, UndoPlan& plan) const;

  const Database& database_;
  const Catalog& catalog_;
  std::shared_ptr<const Domain> domain_;
  Seq head_;
  std::map<std::pair<std::uint16_t, std::string>, std::vector<Planned>> planned_;  // by record, in order
};

// Whether one of them takes an event back.
bool undoes_events(const std::vector<ActionRequest>& requests);
// The requests with each whole transaction in the place of its event. Events of Forge's own records in it are left out. Errors:
// kEventNotFound, kUndoRefused where none is left, kUsage for one that is an action, too, or expects a version; kDataCorrupt.
Result<std::vector<ActionRequest>> with_whole_transactions(std::vector<ActionRequest> requests, const Database& database, Seq head);

// An action of the same transaction changed the record before.
Status undo_after_action(Seq seq, const std::string& record);
// The record was changed between planning and deciding.
Status undo_outdated(Seq seq, const std::string& record);

}  // namespace forge::internal
