// Messages as FlatBuffers. A frame is the head, the buffer, and zeros up to a multiple of 8.

#include "socket_frame.h"
#include "socket_generated.h"
#include "socket_message.h"

namespace forge::internal {
namespace {

namespace wire = fb::socket;
using flatbuffers::Offset;
using flatbuffers::String;

template <typename T>
flatbuffers::Optional<T> wire_of(const std::optional<T>& value) {
  return value ? flatbuffers::Optional<T>(*value) : flatbuffers::nullopt;
}
flatbuffers::Optional<std::int64_t> micros_of(const std::optional<Time>& time) {
  return time ? flatbuffers::Optional<std::int64_t>(time->micros) : flatbuffers::nullopt;
}

class Encoder {
 public:
  explicit Encoder(flatbuffers::FlatBufferBuilder& builder) : builder_(builder) {}

  // One for each kind of message: the table, finished.
  Offset<wire::Refusal> table(const Status& status) {
    const ErrorText& text = status.text();
    const auto what = string(text.what), why = string(text.why), place = string(text.place), state = string(text.state),
               remedy = string(text.remedy);
    return wire::CreateRefusal(builder_, static_cast<std::uint16_t>(status.id()), static_cast<std::uint8_t>(status.code()), what,
                               why, place, state, remedy);
  }
  Offset<wire::Hello> table(const message::Hello& hello) { return wire::CreateHello(builder_, hello.version, string(hello.store)); }
  Offset<wire::Welcome> table(const message::Welcome& welcome) {
    return wire::CreateWelcome(builder_, welcome.version, string(welcome.store), welcome.head);
  }
  Offset<wire::Alive> table(const message::Alive&) { return wire::CreateAlive(builder_); }
  Offset<wire::Goodbye> table(const message::Goodbye& goodbye) { return wire::CreateGoodbye(builder_, goodbye.last); }

  Offset<wire::Transact> table(const message::Transact& asked) {
    const auto actions = each(asked.actions, [this](const ActionRequest& action) {
      const auto name = string(action.action);
      const auto args = members(action.args);
      return wire::CreateAction(builder_, name, args, wire_of(action.if_version), wire_of(action.undoes),
                                action.undoes_transaction);
    });
    const auto options = table(asked.options);
    return wire::CreateTransact(builder_, actions, options, asked.stream, asked.stops_on_refusal);
  }
  Offset<wire::Transacted> table(const TransactionReceipt& receipt) {
    const auto actions = each(receipt.actions, [this](const ActionReceipt& action) {
      const auto resource = string(action.resource), key = string(action.key), type = string(action.type);
      return wire::CreateActionDone(builder_, resource, key, action.version, action.seq, type);
    });
    const auto id = builder_.CreateVector(receipt.transaction.bytes.data(), receipt.transaction.bytes.size());
    return wire::CreateTransacted(builder_, id, receipt.recorded_at.micros, receipt.first_seq, receipt.last_seq, receipt.replayed,
                                  actions);
  }
  Offset<wire::EndStream> table(const message::EndStream& end) { return wire::CreateEndStream(builder_, end.stream); }

  Offset<wire::AddSchema> table(const message::AddSchema& asked) {
    const auto sources = each(asked.sources, [this](const SourceFile& source) {
      const auto name = string(source.name), text = string(source.text);
      return wire::CreateSource(builder_, name, text);
    });
    const auto options = table(asked.options);
    return wire::CreateAddSchema(builder_, sources, options);
  }
  Offset<wire::SchemaAdded> table(const LoadedDomain& loaded) {
    const auto changes = each(loaded.changes, [this](const SchemaChange& change) {
      const auto path = string(change.path), kind = string(change.kind), text = string(change.text);
      return wire::CreateChange(builder_, path, kind, change.safe, text);
    });
    return wire::CreateSchemaAdded(builder_, loaded.version, loaded.added, changes);
  }
  Offset<wire::AddBookmark> table(const message::AddBookmark& asked) {
    const auto name = string(asked.name);
    const auto point = table(asked.point);
    const auto options = table(asked.options);
    return wire::CreateAddBookmark(builder_, name, point, options);
  }
  Offset<wire::Bookmarked> table(const Bookmark& bookmark) {
    return wire::CreateBookmarked(builder_, string(bookmark.name), bookmark.seq, bookmark.recorded_at.micros);
  }

  Offset<wire::Subscribe> table(const message::Subscribe& asked) { return wire::CreateSubscribe(builder_, table(asked.wanted)); }
  Offset<wire::Join> table(const message::Join& asked) { return wire::CreateJoin(builder_, table(asked.wanted)); }
  Offset<wire::Take> table(const message::Take& asked) { return wire::CreateTake(builder_, asked.timeout.count()); }
  Offset<wire::Settle> table(const message::Settle& settled) {
    return wire::CreateSettle(builder_, settled.seq, settled.failed, string(settled.why));
  }
  Offset<wire::Delivered> table(const message::Delivered& delivered) {
    const auto event = delivered.event ? table(*delivered.event) : 0;
    return wire::CreateDelivered(builder_, event, delivered.attempt);
  }
  Offset<wire::Done> table(const message::Done& done) { return wire::CreateDone(builder_, done.number); }

  Offset<wire::AskGroups> table(const message::AskGroups& asked) { return wire::CreateAskGroups(builder_, string(asked.name)); }
  Offset<wire::Groups> table(const message::Groups& told) {
    return wire::CreateGroups(builder_, each(told.groups, [this](const GroupInfo& group) { return table(group); }));
  }
  Offset<wire::AskParked> table(const message::AskParked& asked) { return wire::CreateAskParked(builder_, string(asked.group)); }
  Offset<wire::Parked> table(const message::Parked& told) {
    return wire::CreateParked(builder_, each(told.events, [this](const ParkedEvent& event) {
                                return wire::CreateParkedEvent(builder_, event.seq, event.attempts, event.parked_at.micros,
                                                               string(event.error));
                              }));
  }
  Offset<wire::Unpark> table(const message::Unpark& asked) {
    return wire::CreateUnpark(builder_, string(asked.group), wire_of(asked.seq), asked.again);
  }

  Offset<wire::TellProjection> table(const message::TellProjection& asked) {
    const auto name = string(asked.name);
    const auto options = table(asked.options);
    return wire::CreateTellProjection(builder_, static_cast<wire::Telling>(asked.telling), name, options);
  }
  Offset<wire::AskProjection> table(const message::AskProjection& asked) {
    return wire::CreateAskProjection(builder_, string(asked.name));
  }
  Offset<wire::Projection> table(const ProjectionInfo& info) {
    const auto name = string(info.name), error = string(info.failure ? info.failure->error : std::string());
    const auto failure_seq = info.failure ? flatbuffers::Optional<Seq>(info.failure->seq) : flatbuffers::nullopt;
    return wire::CreateProjection(builder_, name, static_cast<std::uint8_t>(info.state), static_cast<std::uint8_t>(info.mode),
                                  info.code_version, info.seq, info.lag, info.errors, info.skipped, info.updated.micros,
                                  failure_seq, info.failure ? info.failure->at.micros : 0, error, wire_of(info.rebuilt_to));
  }
  Offset<wire::AwaitProjection> table(const message::AwaitProjection& asked) {
    return wire::CreateAwaitProjection(builder_, string(asked.name), wire_of(asked.seq), asked.timeout.count());
  }

  Offset<wire::AskCheckpoint> table(const message::AskCheckpoint& asked) {
    return wire::CreateAskCheckpoint(builder_, string(asked.name));
  }
  Offset<wire::NamedCheckpoint> table(const message::Checkpoint& checkpoint) {
    const auto name = string(checkpoint.name);
    Offset<flatbuffers::Vector<std::uint8_t>> value = 0;
    if (const auto& bytes = checkpoint.value) {
      value = builder_.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size());
    }
    return wire::CreateNamedCheckpoint(builder_, name, value);
  }
  Offset<wire::SetCheckpoint> table(const message::SetCheckpoint& asked) {
    return wire::CreateSetCheckpoint(builder_, table(asked.checkpoint));
  }

 private:
  Offset<String> string(std::string_view text) { return text.empty() ? 0 : builder_.CreateString(text.data(), text.size()); }

  template <typename T, typename Make>
  auto each(const std::vector<T>& items, const Make& make) -> Offset<flatbuffers::Vector<decltype(make(items.front()))>> {
    if (items.empty()) return 0;
    std::vector<decltype(make(items.front()))> offsets;
    offsets.reserve(items.size());
    for (const T& item : items) offsets.push_back(make(item));
    return builder_.CreateVector(offsets);
  }

  Offset<flatbuffers::Vector<Offset<wire::Value>>> members(const Object& object) {
    return each(object.members(), [this](const Object::Member& member) { return value(member.second, member.first); });
  }

  Offset<wire::Value> value(const Value& value, std::string_view name) {
    Offset<flatbuffers::Vector<std::uint8_t>> bytes = 0;
    Offset<flatbuffers::Vector<Offset<wire::Value>>> items = 0;
    wire::Kind kind = wire::Kind::Null;
    std::int64_t number = 0;
    double real = 0;
    if (const bool* is = value.if_bool()) {
      kind = wire::Kind::Bool, number = *is ? 1 : 0;
    } else if (const std::int64_t* integer = value.if_int()) {
      kind = wire::Kind::Int, number = *integer;
    } else if (const double* given = value.if_double()) {
      kind = wire::Kind::Double, real = *given;
    } else if (const std::string* text = value.if_text()) {
      kind = wire::Kind::Text;
      bytes = builder_.CreateVector(reinterpret_cast<const std::uint8_t*>(text->data()), text->size());
    } else if (const Bytes* raw = value.if_bytes()) {
      kind = wire::Kind::Bytes, bytes = builder_.CreateVector(*raw);
    } else if (const List* list = value.if_list()) {
      kind = wire::Kind::List, items = each(*list, [this](const Value& item) { return this->value(item, {}); });
    } else if (const Object* object = value.if_object()) {
      kind = wire::Kind::Object, items = members(*object);
    }
    const auto stored_name = string(name);
    return wire::CreateValue(builder_, kind, number, real, bytes, items, stored_name);
  }

  Offset<wire::Options> table(const ActOptions& options) {
    const auto actor = string(options.actor.id), role = string(options.actor.role), key = string(options.idempotency_key),
               correlation = string(options.correlation), reason = string(options.reason);
    const auto condition = options.condition ? table(*options.condition) : 0;
    const auto checkpoint =
        options.checkpoint ? table(message::Checkpoint{options.checkpoint->name, options.checkpoint->value}) : 0;
    return wire::CreateOptions(builder_, actor, role, key, correlation, reason, micros_of(options.occurred_at),
                               wire_of(options.causation), wire_of(options.hops_left), options.dry_run, options.timeout.count(),
                               condition, checkpoint);
  }

  Offset<wire::Condition> table(const AppendCondition& condition) {
    const auto items = each(condition.items, [this](const ConditionItem& item) {
      const auto types = strings(item.types), tags = strings(item.tags);
      return wire::CreateConditionItem(builder_, types, tags);
    });
    return wire::CreateCondition(builder_, items, condition.after);
  }

  Offset<wire::Point> table(const Point& point) {
    struct Parts {
      wire::PointKind kind = wire::PointKind::Head;
      std::int64_t number = 0;
      std::string_view text = {};
    };
    struct Visitor {
      Parts operator()(const Head&) const { return {}; }
      Parts operator()(Seq seq) const { return {wire::PointKind::Seq, static_cast<std::int64_t>(seq)}; }
      Parts operator()(const Time& time) const { return {wire::PointKind::Time, time.micros}; }
      Parts operator()(const Ago& ago) const { return {wire::PointKind::Ago, ago.micros}; }
      Parts operator()(const BookmarkName& bookmark) const { return {wire::PointKind::Bookmark, 0, bookmark.name}; }
      Parts operator()(const IdempotencyKeyOf& key) const { return {wire::PointKind::IdempotencyKey, 0, key.key}; }
    };
    const Parts parts = std::visit(Visitor(), point);
    return wire::CreatePoint(builder_, parts.kind, parts.number, string(parts.text));
  }

  Offset<wire::Wanted> table(const SubscribeOptions& wanted) {
    const auto from = table(wanted.from);
    const EventFilter& filter = wanted.filter;
    const auto types = strings(filter.types);
    const auto of_store = string(wanted.of_store), resource = string(filter.resource), key = string(filter.key),
               tag = string(filter.tag), actor = string(filter.actor), group = string(wanted.group),
               consumer = string(wanted.consumer);
    return wire::CreateWanted(builder_, from, of_store, resource, key, types, tag, actor, wanted.durable_only, group, consumer,
                              wanted.retry.attempts_max, wanted.retry.backoff.count(), wanted.retry.backoff_max.count(),
                              wanted.stall_after.count());
  }

  Offset<flatbuffers::Vector<Offset<String>>> strings(const std::vector<std::string>& texts) {
    return each(texts, [this](const std::string& text) { return builder_.CreateString(text); });
  }

  Offset<wire::Event> table(const Event& event) {
    const auto type = string(event.type), resource = string(event.resource), key = string(event.key), action = string(event.action),
               actor = string(event.actor), correlation = string(event.correlation),
               idempotency_key = string(event.idempotency_key);
    const auto transaction = builder_.CreateVector(event.transaction.bytes.data(), event.transaction.bytes.size());
    const auto tags = strings(event.tags), cleared = strings(event.cleared);
    const auto arguments = members(event.arguments), changes = members(event.changes), metadata = members(event.metadata);
    return wire::CreateEvent(builder_, event.seq, type, resource, key, event.version, action, event.recorded_at.micros,
                             micros_of(event.occurred_at), actor, transaction, event.place, event.count, correlation,
                             wire_of(event.causation), idempotency_key, wire_of(event.hops_left), event.schema_version,
                             event.incarnation, tags, arguments, changes, cleared, micros_of(event.raw_clock), metadata,
                             wire_of(event.undoes));
  }

  Offset<wire::Group> table(const GroupInfo& group) {
    const auto name = string(group.name);
    const auto out = each(group.out, [this](const OutEvent& event) {
      return wire::CreateOutEvent(builder_, event.seq, string(event.consumer), event.attempt, event.since.micros, event.stalled);
    });
    return wire::CreateGroup(builder_, name, group.created.micros, group.updated.micros, group.done_to, group.lag, group.retrying,
                             group.parked, group.consumers, out);
  }

  flatbuffers::FlatBufferBuilder& builder_;
};

template <typename T>
std::pair<wire::Body, Offset<void>> body_of(Offset<T> table) {
  constexpr wire::Body kKind = wire::BodyTraits<T>::enum_value;  // no object of its own, so not to be bound to
  return {kKind, table.Union()};
}

constexpr std::size_t kKeptBytesMax = 1 << 20;

}  // namespace

std::string encode_frame(std::uint64_t number, const Message& message) {
  thread_local flatbuffers::FlatBufferBuilder builder(1024);
  builder.Clear();
  Encoder encoder(builder);
  const auto [kind, body] = std::visit([&](const auto& one) { return body_of(encoder.table(one)); }, message);
  wire::FinishMessageBuffer(builder, wire::CreateMessage(builder, kind, body));
  std::string frame(kFrameHeadBytes, '\0');
  frame.reserve(kFrameHeadBytes + builder.GetSize() + 8);
  frame.append(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  frame.resize((frame.size() + 7) / 8 * 8);
  write_head(frame, number);
  if (builder.GetSize() > kKeptBytesMax) builder.Reset();
  return frame;
}

}  // namespace forge::internal
