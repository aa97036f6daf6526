// From a point as people name it to a seq. Commit times strictly increase over transactions, so a time is found in the log by
// bisection; no index of times is kept.

#include <algorithm>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "idempotency.h"
#include "log_reader.h"
#include "record_reader.h"
#include "store_state.h"

namespace forge {
namespace {

using internal::AlignedBytes;

struct PointResolver {
  const Store::State& state;

  Status past_head(const std::string& what) const {
    return Status(ErrorId::kTimeInFuture, what + " is past the head of the log")
        .why("the head is event " + std::to_string(state.head()) + ", recorded at " + format_time(state.head_time()));
  }

  Result<Time> time_of(Seq seq) const {
    if (seq == 0) return Time{};
    AlignedBytes bytes;
    FORGE_ASSIGN(const Envelope event, internal::read_event(*state.database, seq, bytes));
    return event.recorded_at;
  }

  Result<Resolved> at_seq(Seq seq) const {
    if (seq > state.head()) return past_head("event " + std::to_string(seq));
    Resolved out;
    out.seq = seq;
    FORGE_ASSIGN(out.time, time_of(seq));
    return out;
  }

  // The last event recorded at or before `time`.
  Result<Seq> last_at(Time time, Seq head) const {
    Seq low = 0, high = head;
    while (low < high) {
      const Seq middle = low + (high - low + 1) / 2;
      FORGE_ASSIGN(const Time recorded, time_of(middle));
      (recorded <= time ? low : high) = recorded <= time ? middle : middle - 1;
    }
    return low;
  }

  Result<Resolved> operator()(Head) const { return at_seq(state.head()); }
  Result<Resolved> operator()(Seq seq) const { return at_seq(seq); }

  Result<Resolved> operator()(Time time) const {
    Time known = std::max(state.clock().now(), state.head_time());
    // What was answered once is answered again, also after the clock stepped back.
    if (state.writer != nullptr) known = std::max(known, state.writer->floor());
    if (time > known) return past_head(format_time(time));
    // The answer must never change: no later transaction may be recorded at or before this time.
    const bool is_settled = state.writer != nullptr && state.writer->settle(time).ok();
    const Seq head = state.head();
    FORGE_ASSIGN(const Seq seq, last_at(time, head));
    FORGE_ASSIGN(Resolved out, at_seq(seq));
    out.final = is_settled || time < state.head_time();
    return out;
  }

  Result<Resolved> operator()(const Ago& ago) const {
    const Time now = std::max(state.clock().now(), state.head_time());
    return (*this)(Time{now.micros - ago.micros});
  }

  Result<Resolved> operator()(const BookmarkName& bookmark) const {
    internal::RecordReader reader(*state.database, state.catalog, state.head());
    const Resource& resource = *Domain::system()->find_resource("_bookmark");
    const Status unknown = Status(ErrorId::kBookmarkNotFound, "there is no bookmark '" + bookmark.name + "'");
    const Result<std::string> key = encode_key(resource, bookmark.name);
    if (!key.ok()) return unknown;
    std::uint64_t touched = 0;
    FORGE_ASSIGN(const std::optional<internal::RecordState> found, reader.find(resource, *key, touched));
    if (!found) return unknown;
    Row row;
    read_row(resource.record, found->record(), row);
    return at_seq(static_cast<Seq>(row[resource.record.find("seq")->id].integer));
  }

  Result<Resolved> operator()(const IdempotencyKeyOf& wanted) const {
    rocksdb::PinnableSlice value;
    FORGE_ASSIGN(const bool found, state.database->get(Table::kIdempotency, wanted.key, value));
    const Status unknown(ErrorId::kIdempotencyKeyNotFound, "no transaction has the idempotency key '" + wanted.key + "'");
    if (!found) return unknown;
    FORGE_ASSIGN(const internal::IdempotencyRecord record, internal::read_idempotency_record(internal::view_of(value)));
    if (record.last > state.head()) return unknown;  // written, and not yet on disk
    return at_seq(record.last);
  }
};

}  // namespace

Result<Resolved> Store::resolve(const Point& point) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  return std::visit(PointResolver{*state_}, point);
}

}  // namespace forge
