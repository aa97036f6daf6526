// What came from another process, read. The verifier bounds depth and the tables that it visits by the payload's size. Texts and
// vectors may still be shared by many tables, which no writer of ours does: so what is taken out is counted, too, and may not be
// more than came in.

#include <algorithm>

#include "socket_frame.h"
#include "socket_generated.h"
#include "socket_message.h"

namespace forge::internal {
namespace {

namespace wire = fb::socket;

constexpr std::size_t kDepthMax = 200;  // a value in a list in an object is two tables deeper

std::optional<Time> time_of(const flatbuffers::Optional<std::int64_t>& micros) {
  return micros ? std::optional<Time>(Time{*micros}) : std::nullopt;
}
template <typename T>
std::optional<T> optional_of(const flatbuffers::Optional<T>& value) {
  return value ? std::optional<T>(*value) : std::nullopt;
}

class Decoder {
 public:
  explicit Decoder(std::size_t bytes) : left_(bytes) {}

  bool has_unfolded() const { return is_over_; }

  Message read(const wire::Refusal& refusal) {
    const auto id = static_cast<ErrorId>(refusal.number());
    const ErrorInfo* const known = find_error(std::to_string(refusal.number()));
    const Code code = refusal.code() > 0 && refusal.code() <= static_cast<std::uint8_t>(Code::kUnavailable)
                          ? static_cast<Code>(refusal.code())
                          : Code::kUnknownOutcome;
    // A refusal of a program's own has a code that is not its number's; a number that is not known here leaves the code.
    Status status = known != nullptr && known->code == code ? Status(id, text(refusal.what())) : Status(code, text(refusal.what()));
    return std::move(status)
        .why(text(refusal.why()))
        .place(text(refusal.place()))
        .state(text(refusal.state()))
        .remedy(text(refusal.remedy()));
  }
  Message read(const wire::Hello& hello) { return message::Hello{hello.version(), text(hello.store())}; }
  Message read(const wire::Welcome& welcome) { return message::Welcome{welcome.version(), text(welcome.store()), welcome.head()}; }
  Message read(const wire::Alive&) { return message::Alive{}; }
  Message read(const wire::Goodbye& goodbye) { return message::Goodbye{goodbye.last()}; }

  Message read(const wire::Transact& asked) {
    message::Transact out;
    each(asked.actions(), [&](const wire::Action& action) {
      out.actions.push_back({.action = text(action.name()),
                             .args = object(action.args()),
                             .if_version = optional_of(action.if_version()),
                             .undoes = optional_of(action.undoes()),
                             .undoes_transaction = action.undoes_transaction()});
    });
    out.options = options(asked.options());
    out.stream = asked.stream();
    out.stops_on_refusal = asked.stops_on_refusal();
    return out;
  }
  Message read(const wire::Transacted& told) {
    TransactionReceipt out;
    out.transaction = uuid(told.transaction());
    out.recorded_at = Time{told.recorded_at()};
    out.first_seq = told.first_seq();
    out.last_seq = told.last_seq();
    out.replayed = told.replayed();
    each(told.actions(), [&](const wire::ActionDone& action) {
      out.actions.push_back({.resource = text(action.resource()),
                             .key = text(action.key()),
                             .version = action.version(),
                             .seq = action.seq(),
                             .type = text(action.type())});
    });
    return out;
  }
  Message read(const wire::EndStream& end) { return message::EndStream{end.stream()}; }

  Message read(const wire::AddSchema& asked) {
    message::AddSchema out;
    each(asked.sources(), [&](const wire::Source& source) { out.sources.push_back({text(source.name()), text(source.text())}); });
    out.options = options(asked.options());
    return out;
  }
  Message read(const wire::SchemaAdded& told) {
    LoadedDomain out{.version = told.version(), .added = told.added()};
    each(told.changes(), [&](const wire::Change& change) {
      out.changes.push_back({text(change.path()), text(change.kind()), change.safe(), text(change.text())});
    });
    return out;
  }
  Message read(const wire::AddBookmark& asked) {
    return message::AddBookmark{text(asked.name()), point(asked.point()), options(asked.options())};
  }
  Message read(const wire::Bookmarked& told) {
    return Bookmark{.name = text(told.name()), .seq = told.seq(), .recorded_at = Time{told.recorded_at()}};
  }

  Message read(const wire::Subscribe& asked) { return message::Subscribe{wanted(asked.wanted())}; }
  Message read(const wire::Join& asked) { return message::Join{wanted(asked.wanted())}; }
  Message read(const wire::Take& asked) { return message::Take{std::chrono::microseconds(asked.timeout_us())}; }
  Message read(const wire::Settle& settled) { return message::Settle{settled.seq(), settled.failed(), text(settled.why())}; }
  Message read(const wire::Delivered& delivered) {
    message::Delivered out{.event = {}, .attempt = delivered.attempt()};
    if (delivered.event() != nullptr) out.event = event(*delivered.event());
    return out;
  }
  Message read(const wire::Done& done) { return message::Done{done.number()}; }

  Message read(const wire::AskGroups& asked) { return message::AskGroups{text(asked.name())}; }
  Message read(const wire::Groups& told) {
    message::Groups out;
    each(told.groups(), [&](const wire::Group& one) { out.groups.push_back(group(one)); });
    return out;
  }
  Message read(const wire::AskParked& asked) { return message::AskParked{text(asked.group())}; }
  Message read(const wire::Parked& told) {
    message::Parked out;
    each(told.events(), [&](const wire::ParkedEvent& one) {
      out.events.push_back(
          {.seq = one.seq(), .attempts = one.attempts(), .parked_at = Time{one.parked_at()}, .error = text(one.error())});
    });
    return out;
  }
  Message read(const wire::AskCheckpoint& asked) { return message::AskCheckpoint{text(asked.name())}; }
  Message read(const wire::NamedCheckpoint& told) { return named_checkpoint(&told); }
  Message read(const wire::SetCheckpoint& asked) { return message::SetCheckpoint{named_checkpoint(asked.checkpoint())}; }
  Message read(const wire::Unpark& asked) { return message::Unpark{text(asked.group()), optional_of(asked.seq()), asked.again()}; }

  Message read(const wire::TellProjection& asked) {
    const auto telling = std::min(asked.telling(), wire::Telling::Drop);
    return message::TellProjection{static_cast<message::Telling>(telling), text(asked.name()), options(asked.options())};
  }
  Message read(const wire::AskProjection& asked) { return message::AskProjection{text(asked.name())}; }
  Message read(const wire::Projection& told) {
    ProjectionInfo out;
    out.name = text(told.name());
    out.state =
        static_cast<ProjectionState>(std::min<std::uint8_t>(told.state(), static_cast<std::uint8_t>(ProjectionState::kDamaged)));
    out.mode =
        told.mode() == static_cast<std::uint8_t>(ProjectionMode::kInline) ? ProjectionMode::kInline : ProjectionMode::kFollowing;
    out.code_version = told.code_version();
    out.seq = told.seq();
    out.lag = told.lag();
    out.errors = told.errors();
    out.skipped = told.skipped();
    out.updated = Time{told.updated()};
    if (told.failure_seq()) {
      out.failure =
          ProjectionFailure{.seq = *told.failure_seq(), .at = Time{told.failure_at()}, .error = text(told.failure_error())};
    }
    out.rebuilt_to = optional_of(told.rebuilt_to());
    return out;
  }
  Message read(const wire::AwaitProjection& asked) {
    return message::AwaitProjection{text(asked.name()), optional_of(asked.seq()), std::chrono::microseconds(asked.timeout_us())};
  }

 private:
  // False once more is taken out than came in.
  bool take(std::size_t bytes) {
    if (is_over_ || bytes > left_) return is_over_ = true, false;
    left_ -= bytes;
    return true;
  }

  std::string text(const flatbuffers::String* from) {
    if (from == nullptr || !take(from->size())) return {};
    return from->str();
  }

  template <typename T, typename Read>
  void each(const flatbuffers::Vector<flatbuffers::Offset<T>>* items, const Read& read_one) {
    if (items == nullptr || !take(items->size() * sizeof(flatbuffers::uoffset_t))) return;
    for (const T* item : *items) {
      if (is_over_) return;
      read_one(*item);
    }
  }

  std::vector<std::string> texts(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* from) {
    std::vector<std::string> out;
    each(from, [&](const flatbuffers::String& one) { out.push_back(text(&one)); });
    return out;
  }

  Uuid uuid(const flatbuffers::Vector<std::uint8_t>* from) {
    Uuid id;
    if (from != nullptr && from->size() == id.bytes.size()) std::copy(from->begin(), from->end(), id.bytes.begin());
    return id;
  }

  Object object(const flatbuffers::Vector<flatbuffers::Offset<wire::Value>>* from) {
    Object out;
    each(from, [&](const wire::Value& member) {
      std::string name = text(member.name());
      out.add(std::move(name), value(member));
    });
    return out;
  }

  Value value(const wire::Value& from) {
    const auto* bytes = from.bytes();
    const std::size_t size = bytes == nullptr || !take(bytes->size()) ? 0 : bytes->size();
    switch (from.kind()) {
      case wire::Kind::Bool:
        return from.number() != 0;
      case wire::Kind::Int:
        return from.number();
      case wire::Kind::Double:
        return from.real();
      case wire::Kind::Text:
        return size == 0 ? std::string() : std::string(reinterpret_cast<const char*>(bytes->data()), size);
      case wire::Kind::Bytes:
        return size == 0 ? Bytes() : Bytes(bytes->begin(), bytes->end());
      case wire::Kind::List: {
        List list;
        each(from.items(), [&](const wire::Value& item) { list.push_back(value(item)); });
        return list;
      }
      case wire::Kind::Object:
        return object(from.items());
      case wire::Kind::Null:
        break;
    }
    return {};
  }

  ActOptions options(const wire::Options* from) {
    ActOptions out;
    if (from == nullptr) return out;
    out.actor = Actor(text(from->actor()), text(from->role()));
    out.idempotency_key = text(from->idempotency_key());
    out.correlation = text(from->correlation());
    out.reason = text(from->reason());
    out.occurred_at = time_of(from->occurred_at());
    out.causation = optional_of(from->causation());
    out.hops_left = optional_of(from->hops_left());
    out.dry_run = from->dry_run();
    out.timeout = std::chrono::microseconds(std::max<std::int64_t>(from->timeout_us(), 0));
    if (from->condition() != nullptr) out.condition = condition(*from->condition());
    if (from->checkpoint() != nullptr) {
      message::Checkpoint checkpoint = named_checkpoint(from->checkpoint());
      out.checkpoint = NamedCheckpoint{.name = std::move(checkpoint.name), .value = std::move(checkpoint.value).value_or("")};
    }
    return out;
  }

  message::Checkpoint named_checkpoint(const wire::NamedCheckpoint* from) {
    message::Checkpoint out;
    if (from == nullptr) return out;
    out.name = text(from->name());
    if (const auto* value = from->value(); value != nullptr && take(value->size())) {
      out.value.emplace(value->begin(), value->end());
    }
    return out;
  }

  AppendCondition condition(const wire::Condition& from) {
    AppendCondition out{.items = {}, .after = from.after()};
    each(from.items(),
         [&](const wire::ConditionItem& item) { out.items.push_back({.types = texts(item.types()), .tags = texts(item.tags())}); });
    return out;
  }

  Point point(const wire::Point* from) {
    if (from == nullptr) return Head{};
    switch (from->kind()) {
      case wire::PointKind::Seq:
        return static_cast<Seq>(from->number());
      case wire::PointKind::Time:
        return Time{from->number()};
      case wire::PointKind::Ago:
        return Ago{from->number()};
      case wire::PointKind::Bookmark:
        return BookmarkName{text(from->text())};
      case wire::PointKind::IdempotencyKey:
        return IdempotencyKeyOf{text(from->text())};
      case wire::PointKind::Head:
        break;
    }
    return Head{};
  }

  SubscribeOptions wanted(const wire::Wanted* from) {
    SubscribeOptions out;
    if (from == nullptr) return out;
    out.from = point(from->from());
    out.of_store = text(from->of_store());
    out.filter.resource = text(from->resource());
    out.filter.key = text(from->key());
    out.filter.types = texts(from->types());
    out.filter.tag = text(from->tag());
    out.filter.actor = text(from->actor());
    out.durable_only = from->durable_only();
    out.group = text(from->group());
    out.consumer = text(from->consumer());
    out.retry.attempts_max = from->attempts_max();
    out.retry.backoff = std::chrono::microseconds(from->backoff_us());
    out.retry.backoff_max = std::chrono::microseconds(from->backoff_max_us());
    out.stall_after = std::chrono::microseconds(from->stall_after_us());
    return out;
  }

  Event event(const wire::Event& from) {
    Event out;
    out.seq = from.seq();
    out.type = text(from.type());
    out.resource = text(from.resource());
    out.key = text(from.key());
    out.version = from.version();
    out.action = text(from.action());
    out.recorded_at = Time{from.recorded_at()};
    out.occurred_at = time_of(from.occurred_at());
    out.actor = text(from.actor());
    out.transaction = uuid(from.transaction());
    out.place = from.place();
    out.count = from.count();
    out.correlation = text(from.correlation());
    out.causation = optional_of(from.causation());
    out.idempotency_key = text(from.idempotency_key());
    out.hops_left = optional_of(from.hops_left());
    out.undoes = optional_of(from.undoes());
    out.schema_version = from.schema_version();
    out.incarnation = from.incarnation();
    out.tags = texts(from.tags());
    out.arguments = object(from.arguments());
    out.changes = object(from.changes());
    out.cleared = texts(from.cleared());
    out.raw_clock = time_of(from.raw_clock());
    out.metadata = object(from.metadata());
    return out;
  }

  GroupInfo group(const wire::Group& from) {
    GroupInfo out;
    out.name = text(from.name());
    out.created = Time{from.created()};
    out.updated = Time{from.updated()};
    out.done_to = from.done_to();
    out.lag = from.lag();
    out.retrying = from.retrying();
    out.parked = from.parked();
    out.consumers = from.consumers();
    each(from.out(), [&](const wire::OutEvent& one) {
      out.out.push_back({.seq = one.seq(),
                         .consumer = text(one.consumer()),
                         .attempt = one.attempt(),
                         .since = Time{one.since()},
                         .stalled = one.stalled()});
    });
    return out;
  }

  std::size_t left_;
  bool is_over_ = false;
};

Status broken() {
  return Status(ErrorId::kProtocolBroken, "what came through the socket is not a message");
}

template <typename... Tables>
std::optional<Message> read_one_of(const wire::Message& from, Decoder& decoder) {
  std::optional<Message> out;
  const auto try_one = [&]<typename Table>(const Table*) {
    if (from.body_type() == wire::BodyTraits<Table>::enum_value) out = decoder.read(*static_cast<const Table*>(from.body()));
  };
  (try_one(static_cast<const Tables*>(nullptr)), ...);
  return out;
}

}  // namespace

Result<Message> decode_payload(std::span<const std::uint8_t> payload) {
  constexpr std::size_t kBytesOfTable = 8;
  constexpr std::size_t kTablesMax = 1'000'000;
  flatbuffers::Verifier verifier(payload.data(), payload.size(), kDepthMax,
                                 static_cast<flatbuffers::uoffset_t>(std::min(payload.size() / kBytesOfTable + 1, kTablesMax)));
  if (payload.size() < kBytesOfTable || !wire::VerifyMessageBuffer(verifier)) return broken();
  const wire::Message& message = *wire::GetMessage(payload.data());
  if (message.body() == nullptr) return broken();
  Decoder decoder(payload.size());
  std::optional<Message> out =
      read_one_of<wire::Refusal, wire::Hello, wire::Welcome, wire::Alive, wire::Goodbye, wire::Transact, wire::Transacted,
                  wire::EndStream, wire::AddSchema, wire::SchemaAdded, wire::AddBookmark, wire::Bookmarked, wire::Subscribe,
                  wire::Join, wire::Take, wire::Settle, wire::Delivered, wire::Done, wire::AskGroups, wire::Groups, wire::AskParked,
                  wire::Parked, wire::Unpark, wire::TellProjection, wire::AskProjection, wire::Projection, wire::AwaitProjection,
                  wire::AskCheckpoint, wire::NamedCheckpoint, wire::SetCheckpoint>(message, decoder);
  if (!out || decoder.has_unfolded()) return broken();
  return *std::move(out);
}

}  // namespace forge::internal
