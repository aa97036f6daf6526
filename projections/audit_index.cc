// A row's value is the seqs of its block: fewer than 32 as their last bytes in order, more as a bitmap of 32 bytes. Which of both
// follows from the number alone, so that the same events give the same bytes in whatever batches they come.

#include "forge/projections/audit_index.h"

#include "forge/events/codec.h"
#include "forge/events/id.h"
#include "forge/events/key.h"

namespace forge {
namespace {

constexpr std::uint32_t kCodeVersion = 1;
constexpr std::size_t kBitmapBytes = kAuditBlock / 8;

std::string text_prefix(char kind, std::string_view text) {
  std::string out(1, kind);
  out.append(text);
  out.push_back('\0');
  return out;
}

std::string id_prefix(const Uuid& id) {
  std::string out(1, 'U');
  out.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  return out;
}

std::string correlation_of(const Envelope& envelope) {
  return envelope.correlation.empty() ? id_prefix(envelope.transaction) : audit_correlation_prefix(envelope.correlation);
}

void set_bit(std::string& bitmap, std::uint8_t bit) {
  bitmap[bit / 8] = static_cast<char>(static_cast<unsigned char>(bitmap[bit / 8]) | 1u << (bit % 8));
}

// What folds keep between events: memory, not state.
class AuditFold {
 public:
  Status operator()(const Envelope& envelope, const Domain& domain, FoldRows& rows) {
    if (!envelope.actor.empty()) FORGE_TRY(add(audit_actor_prefix(envelope.actor), envelope.seq, rows));
    FORGE_TRY(add(correlation_of(envelope), envelope.seq, rows));
    if (envelope.resource == 0) return {};
    FORGE_TRY(add(audit_action_prefix(envelope.action), envelope.seq, rows));
    FORGE_TRY(changed_fields(envelope, domain, fields_));
    for (const std::uint16_t field : fields_) {
      FORGE_TRY(add(audit_field_prefix(envelope.resource, field), envelope.seq, rows));
    }
    return {};
  }

 private:
  Status add(std::string key, Seq seq, FoldRows& rows) {
    append_u64(key, audit_block_of(seq));
    FORGE_ASSIGN(const std::optional<std::string_view> row, rows.get(key));
    row_.assign(row.value_or(std::string_view()));
    add_to_audit_block(row_, seq);
    rows.put(key, row_);
    return {};
  }

  std::vector<std::uint16_t> fields_;
  std::string row_;
};

}  // namespace

Projection audit_index() {
  return {.name = std::string(kAuditIndex),
          .code_version = kCodeVersion,
          .mode = ProjectionMode::kFollowing,
          .fold = EnvelopeFold(AuditFold())};
}

std::string audit_actor_prefix(std::string_view actor) {
  return text_prefix('A', actor);
}

// An id as its bytes: most correlations are the id of the transaction that began them.
std::string audit_correlation_prefix(std::string_view correlation) {
  const std::optional<Uuid> id = Uuid::parse(correlation);
  return id && id->to_string() == correlation ? id_prefix(*id) : text_prefix('C', correlation);
}

std::string audit_action_prefix(std::uint16_t action) {
  std::string out(1, 'N');
  append_u16(out, action);
  return out;
}

std::string audit_field_prefix(std::uint16_t resource, std::uint16_t field) {
  std::string out(1, 'F');
  append_u16(out, resource);
  append_u16(out, field);
  return out;
}

std::uint64_t audit_block_of_key(std::string_view key) {
  return key.size() < 8 ? 0 : read_u64(key.data() + key.size() - 8);
}

void add_to_audit_block(std::string& row, Seq seq) {
  const auto offset = static_cast<std::uint8_t>(seq % kAuditBlock);
  if (row.size() + 1 < kBitmapBytes) {
    if (row.empty() || static_cast<std::uint8_t>(row.back()) != offset) row.push_back(static_cast<char>(offset));
    return;
  }
  if (row.size() + 1 == kBitmapBytes) {
    const std::string offsets = std::move(row);
    row.assign(kBitmapBytes, '\0');
    for (const char one : offsets) set_bit(row, static_cast<std::uint8_t>(one));
  }
  set_bit(row, offset);
}

Status read_audit_block(std::uint64_t block, std::string_view row, std::vector<Seq>& seqs) {
  seqs.clear();
  const Seq first = block * kAuditBlock;
  if (row.empty() || row.size() > kBitmapBytes) return Status(ErrorId::kDataCorrupt, "a row of the audit index is malformed");
  if (row.size() == kBitmapBytes) {
    for (unsigned bit = 0; bit < kAuditBlock; ++bit) {
      if ((static_cast<unsigned char>(row[bit / 8]) >> (bit % 8) & 1) != 0) seqs.push_back(first + bit);
    }
    return seqs.size() >= kBitmapBytes ? Status() : Status(ErrorId::kDataCorrupt, "a bitmap of the audit index is too thin");
  }
  for (const char offset : row) {
    const Seq seq = first + static_cast<std::uint8_t>(offset);
    if (!seqs.empty() && seqs.back() >= seq) return Status(ErrorId::kDataCorrupt, "a row of the audit index is not in order");
    seqs.push_back(seq);
  }
  return {};
}

Status changed_fields(const Envelope& envelope, const Domain& domain, std::vector<std::uint16_t>& fields) {
  fields.assign(envelope.cleared.begin(), envelope.cleared.end());
  if (envelope.changes.empty()) return {};
  const Resource* resource = domain.resource(envelope.resource);
  if (resource == nullptr) {
    return Status(ErrorId::kDataCorrupt, "event " + std::to_string(envelope.seq) + " names an unknown resource");
  }
  FORGE_TRY(verify_table(resource->record, envelope.changes));
  thread_local Row row;
  read_row(resource->record, envelope.changes, row);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!row[i].is_absent()) fields.push_back(static_cast<std::uint16_t>(i));
  }
  return {};
}

}  // namespace forge
