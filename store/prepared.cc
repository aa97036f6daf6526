#include "prepared.h"

#include <algorithm>
#include <cstring>

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "forge/events/key.h"
#include "forge/events/merkle.h"

namespace forge::internal {
namespace {

constexpr std::size_t kIdempotencyKeyBytesMax = 256;
constexpr std::size_t kCorrelationBytesMax = 128;
constexpr std::size_t kActorBytesMax = 256;
constexpr std::size_t kReasonBytesMax = 4096;

Status check_text(const char* what, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return Status(ErrorId::kTooLarge, std::string("the ") + what + " is too long")
        .why(std::to_string(text.size()) + " bytes, the limit is " + std::to_string(bytes_max));
  }
  if (!is_utf8(text)) return Status(ErrorId::kTextInvalid, std::string("the ") + what + " is not valid UTF-8");
  if (text.find('\0') != std::string_view::npos)
    return Status(ErrorId::kTextInvalid, std::string("the ") + what + " holds a NUL byte");
  return {};
}

Status check_options(const ActOptions& options) {
  FORGE_TRY(check_text("idempotency key", options.idempotency_key, kIdempotencyKeyBytesMax));
  FORGE_TRY(check_text("correlation", options.correlation, kCorrelationBytesMax));
  FORGE_TRY(check_text("actor", options.actor.id, kActorBytesMax));
  return check_text("reason", options.reason, kReasonBytesMax);
}

Status check_required(const Action& action, const Row& arguments) {
  for (const Field& argument : action.arguments.fields) {
    if (!argument.required || (argument.id < arguments.size() && !arguments[argument.id].is_null())) continue;
    return Status(ErrorId::kArgumentMissing, action.name + " needs " + argument.name).why("it is required").place(argument.place);
  }
  return {};
}

void append_cell(const Field& field, const Cell& cell, std::string& out) {
  out.append(field.name);
  out.push_back(static_cast<char>(cell.kind));
  switch (cell.kind) {
    case Kind::kText:
      append_u64(out, cell.size), out.append(cell.as_text());
      break;
    case Kind::kNested:
      append_json(out, cell_to_value(field, cell)), out.push_back('\n');
      break;
    case Kind::kAbsent:
    case Kind::kNull:
      break;
    default:
      append_u64(out, static_cast<std::uint64_t>(cell.kind == Kind::kBool ? cell.boolean : cell.integer));
      break;
  }
}

}  // namespace

Result<std::unique_ptr<PreparedTransaction>> PreparedTransaction::make(std::vector<ActionRequest> requests, ActOptions options,
                                                                       std::shared_ptr<const Domain> domain, const Limits& limits) {
  if (requests.size() > limits.transaction_actions_max) {
    return Status(ErrorId::kTransactionTooLarge, "the transaction has too many actions")
        .why(std::to_string(requests.size()) + " actions, the limit is " + std::to_string(limits.transaction_actions_max));
  }
  FORGE_TRY(check_options(options));
  std::unique_ptr<PreparedTransaction> out(new PreparedTransaction);
  out->requests_ = std::move(requests);
  out->options_ = std::move(options);
  FORGE_TRY(out->prepare_again(std::move(domain)));
  if (!out->options_.idempotency_key.empty()) out->take_digest();
  return out;
}

std::unique_ptr<PreparedTransaction> PreparedTransaction::of_rows(std::vector<RowWrite> rows) {
  std::unique_ptr<PreparedTransaction> out(new PreparedTransaction);
  out->carry(std::move(rows));
  return out;
}

Status PreparedTransaction::prepare_again(std::shared_ptr<const Domain> domain) {
  domain_ = std::move(domain);
  actions_.clear();
  actions_.reserve(requests_.size());
  for (const ActionRequest& request : requests_) {
    FORGE_ASSIGN(PreparedAction action, prepare(request));
    actions_.push_back(std::move(action));
  }
  return {};
}

Result<PreparedAction> PreparedTransaction::prepare(const ActionRequest& request) {
  PreparedAction out;
  out.if_version = request.if_version;
  FORGE_ASSIGN(out.action, domain_->get_action(request.action));
  const Resource& resource = *out.action->resource;
  const Field& key_field = resource.record.fields[resource.key_field];
  const TableType& table = out.action->arguments;
  if (out.action->key_argument >= 0) {
    FORGE_TRY(row_from_object(table, request.args, request.action, memory_, out.arguments));
    const Cell& key = out.arguments[static_cast<std::size_t>(out.action->key_argument)];
    if (!key.is_null()) FORGE_TRY(append_key_part(key_field, key, out.key));
  } else {
    FORGE_TRY(split_key(request, out));
  }
  FORGE_TRY(check_required(*out.action, out.arguments));
  const bool makes_key = out.action->kind == ActionKind::kCreates && key_field.type == BaseType::kText;
  if (out.key.empty() && !makes_key) {
    return Status(ErrorId::kArgumentMissing, request.action + " needs " + key_field.name).why("it is the key of " + resource.name);
  }
  return out;
}

// The key is not among the declared arguments: it is read as the record's own field.
Status PreparedTransaction::split_key(const ActionRequest& request, PreparedAction& out) {
  const Resource& resource = *out.action->resource;
  const Field& key_field = resource.record.fields[resource.key_field];
  if (const Value* key = request.args.find(key_field.name)) {
    FORGE_ASSIGN(const Cell cell, cell_from_value(key_field, *key, request.action, memory_));
    if (!cell.is_null()) FORGE_TRY(append_key_part(key_field, cell, out.key));
  }
  return row_from_object(out.action->arguments, request.args, request.action, memory_, out.arguments, key_field.name);
}

void PreparedTransaction::take_digest() {
  std::string bytes;
  for (const PreparedAction& action : actions_) {
    bytes.append(action.action->name);
    bytes.push_back('\0');
    append_u64(bytes, action.key.size());
    bytes.append(action.key);
    append_u64(bytes, action.if_version ? *action.if_version + 1 : 0);
    for (std::size_t i = 0; i < action.arguments.size(); ++i) {
      if (!action.arguments[i].is_absent()) append_cell(action.action->arguments.fields[i], action.arguments[i], bytes);
    }
    bytes.push_back('\0');
  }
  thread_local Hasher hasher;
  const Hash hash = hasher.sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  std::memcpy(digest_.data(), hash.data(), digest_.size());
}

}  // namespace forge::internal
