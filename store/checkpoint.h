#pragma once

// How far a projection is, as it is stored (store/FORMAT.md, "Checkpoints"): which rows are its own, up to which event they are the
// fold of the log, by which code, and what it was told. It is in the same write batch as the rows it speaks of.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "forge/events/envelope.h"
#include "forge/events/id.h"
#include "forge/events/status.h"
#include "forge/projections/projection.h"

namespace forge::internal {

// Where the rows of one build of a projection lie.
struct RowSpace {
  std::uint16_t number = 0;      // the projection's
  std::uint32_t generation = 0;  // of its rows
  friend auto operator<=>(const RowSpace&, const RowSpace&) = default;
};

// The event that a fold could not get past.
struct FoldFailure {
  Seq seq = 0;
  Time at;
  std::string text;
  friend bool operator==(const FoldFailure&, const FoldFailure&) = default;
};

struct Checkpoint {
  Uuid store;
  RowSpace space;
  std::uint32_t code_version = 0;
  ProjectionMode mode = ProjectionMode::kFollowing;
  bool is_paused = false;
  bool wants_rebuild = false;  // asked for where its code was not at hand
  Seq seq = 0;                 // the rows are the fold of events 1 to this
  Time updated;
  std::uint64_t errors = 0;   // times that the fold failed
  std::uint64_t skipped = 0;  // events that were passed over
  std::optional<FoldFailure> failure;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

std::string encode(const Checkpoint& checkpoint);
// Errors: kDataCorrupt where the checksum or the form does not fit.
Result<Checkpoint> read_checkpoint(std::string_view name, std::string_view row);

// In table `cursors`: of the rows that are read, and of those that are built beside them.
inline constexpr std::string_view kCheckpointPrefix = "C";
inline constexpr std::string_view kShadowPrefix = "S";
std::string checkpoint_key(std::string_view projection);
std::string shadow_key(std::string_view projection);

// In table `rows`: number u16, generation u32, then the projection's own key.
std::string space_key(const RowSpace& space);
// What comes right behind every row of the space.
std::string end_of_space(const RowSpace& space);
// The space of a row's key; nothing for one that is too short.
std::optional<RowSpace> space_of(std::string_view row_key);
inline constexpr std::size_t kSpaceBytes = 6;

}  // namespace forge::internal
