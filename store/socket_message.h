#pragma once

// The messages of the socket as plain data, and their bytes (schemas/socket.fbs, store/SOCKET.md). What is decoded comes from
// another process and is trusted with nothing: it is verified, and what it unfolds to is bounded by its size.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "forge/events/event.h"
#include "forge/events/status.h"
#include "forge/store/point.h"
#include "forge/store/projection.h"
#include "forge/store/store.h"
#include "forge/store/subscription.h"
#include "forge/store/transaction.h"

namespace forge::internal::message {

struct Hello {
  std::uint16_t version = 0;
  std::string store;
};
struct Welcome {
  std::uint16_t version = 0;
  std::string store;
  Seq head = 0;
};
struct Alive {};
struct Goodbye {
  std::uint64_t last = 0;
};

struct Transact {
  std::vector<ActionRequest> actions;
  ActOptions options;
  std::uint64_t stream = 0;
  bool stops_on_refusal = false;
};
struct EndStream {
  std::uint64_t stream = 0;
};
struct AddSchema {
  std::vector<SourceFile> sources;
  ActOptions options;
};
struct AddBookmark {
  std::string name;
  Point point;
  ActOptions options;
};

struct Subscribe {
  SubscribeOptions wanted;
};
struct Join {
  SubscribeOptions wanted;
};
struct Take {
  std::chrono::microseconds timeout{0};
};
struct Settle {
  Seq seq = 0;
  bool failed = false;
  std::string why;
};
struct Delivered {
  std::optional<Event> event;
  std::uint32_t attempt = 1;
};
struct Done {
  std::uint64_t number = 0;
};

struct AskGroups {
  std::string name;
};
struct Groups {
  std::vector<GroupInfo> groups;
};
struct AskParked {
  std::string group;
};
struct Parked {
  std::vector<ParkedEvent> events;
};
struct Unpark {
  std::string group;
  std::optional<Seq> seq;
  bool again = false;
};

struct AskCheckpoint {
  std::string name;
};
struct Checkpoint {
  std::string name;
  std::optional<std::string> value;
};
struct SetCheckpoint {
  Checkpoint checkpoint;
};

enum class Telling : std::uint8_t { kAddAudit, kRebuild, kPause, kResume, kRetry, kSkip, kDrop };
struct TellProjection {
  Telling telling = Telling::kRebuild;
  std::string name;
  ActOptions options;
};
struct AskProjection {
  std::string name;
};
struct AwaitProjection {
  std::string name;
  std::optional<Seq> seq;
  std::chrono::microseconds timeout{0};
};

}  // namespace forge::internal::message

namespace forge::internal {

// A Status is a refusal: never a success.
using Message = std::variant<Status, message::Hello, message::Welcome, message::Alive, message::Goodbye, message::Transact,
                             TransactionReceipt, message::EndStream, message::AddSchema, LoadedDomain, message::AddBookmark,
                             Bookmark, message::Subscribe, message::Join, message::Take, message::Settle, message::Delivered,
                             message::Done, message::AskGroups, message::Groups, message::AskParked, message::Parked,
                             message::Unpark, message::TellProjection, message::AskProjection, ProjectionInfo,
                             message::AwaitProjection, message::AskCheckpoint, message::Checkpoint, message::SetCheckpoint>;

inline constexpr std::uint16_t kProtocolVersion = 1;

// The whole frame of a message with that number (socket_frame.h).
std::string encode_frame(std::uint64_t number, const Message& message);

// `payload` is that of a frame and starts at an address divisible by 8. Errors: kProtocolBroken.
Result<Message> decode_payload(std::span<const std::uint8_t> payload);

}  // namespace forge::internal
