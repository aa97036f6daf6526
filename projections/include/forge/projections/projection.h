#pragma once

// A projection: a fold of events into rows of its own, as a program gives it. Pure: the same events give the same rows, whatever
// the clock, the machine, and the pieces in which the events come. Who runs it, when, and where the rows lie is the store's matter
// (forge/store/projection.h).

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/events/event.h"
#include "forge/events/status.h"
#include "forge/projections/fold_rows.h"

namespace forge {

// What one event does to the rows. An error or an exception means that the projection cannot get past this event: its changes for
// the event are dropped, and it stops there.
using EventFold = std::function<Status(const Event& event, FoldRows& rows)>;
// The same over the event as it is stored, with the domain it was written under: for a fold that looks at little of each event.
using EnvelopeFold = std::function<Status(const Envelope& envelope, const Domain& domain, FoldRows& rows)>;

enum class ProjectionMode : std::uint8_t {
  kFollowing = 1,  // after the events, in batches; the writer does not wait for it
  kInline = 2,     // with the events, in the same write: what is acknowledged is in the rows
};
std::string_view name_of(ProjectionMode mode);  // "following"

struct Projection {
  std::string name;                // letters, digits and _ . : -, at most 200
  std::uint32_t code_version = 1;  // another one than the rows were made by: they are made again
  ProjectionMode mode = ProjectionMode::kFollowing;
  std::variant<EventFold, EnvelopeFold> fold;
};

// Folds one event. On an error the rows are as they were before it. Errors: kProjectionFailed, naming the event and what the fold
// said or threw; those of reading rows and of resolving the event (kDataCorrupt, kIoError), which the fold is not to blame for.
Status fold_event(const Projection& projection, const Envelope& envelope, const Domain& domain, FoldRows& rows);

}  // namespace forge
