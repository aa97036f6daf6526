#include "prepared.h"

#include <algorithm>
#include <cstring>

#include "argument_check.h"
#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "forge/events/key.h"
#include "forge/events/merkle.h"
#include "named_checkpoint.h"
#include "partner_check.h"
#include "record_name.h"
#include "request_bytes.h"
#include "undo_plan.h"

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
  FORGE_TRY(check_text("role", options.actor.role, kActorBytesMax));
  return check_text("reason", options.reason, kReasonBytesMax);
}

bool makes_records(const Action& action) {
  return action.kind == ActionKind::kCreates || action.kind == ActionKind::kUpserts;
}

void append_cell(const Field& field, const Cell& cell, std::string& out) {
  out.append(field.name);
  out.push_back(static_cast<char>(cell.kind));
  switch (cell.kind) {
    case Kind::kText:
      append_u64(out, cell.size), out.append(cell.as_text());
      break;
    case Kind::kNested:
      append_json(out, reveal_cell(field, cell)), out.push_back('\n');
      break;
    case Kind::kAbsent:
    case Kind::kNull:
      break;
    default:
      append_u64(out, static_cast<std::uint64_t>(cell.kind == Kind::kBool ? cell.boolean : cell.integer));
      break;
  }
}

Status check_count(std::size_t actions, const Limits& limits) {
  if (actions <= limits.transaction_actions_max) return {};
  return Status(ErrorId::kTransactionTooLarge, "the transaction has too many actions")
      .why(std::to_string(actions) + " actions, the limit is " + std::to_string(limits.transaction_actions_max));
}

void append_text(std::string_view text, std::string& out) {
  append_u64(out, text.size());
  out.append(text);
}

void append_texts(const std::vector<std::string>& texts, std::string& out) {
  append_u64(out, texts.size());
  for (const std::string& text : texts) append_text(text, out);
}

void append_condition(const AppendCondition& condition, std::string& out) {
  append_u64(out, condition.after);
  append_u64(out, condition.items.size());
  for (const ConditionItem& item : condition.items) {
    append_texts(item.types, out);
    append_texts(item.tags, out);
  }
}

}  // namespace

std::size_t PreparedTransaction::bytes() const {
  std::size_t sum = sizeof(PreparedTransaction) + bytes_of(requests_) + generic_.size() + generic_arguments_.size() +
                    (options_.condition ? bytes_of(*options_.condition) : 0);
  for (const PreparedAction& action : actions_) {
    sum += sizeof(PreparedAction) + action.key.size() + action.arguments.size() * sizeof(Cell);
  }
  for (const RowWrite& row : rows_) sum += sizeof(RowWrite) + row.key.size() + (row.value ? row.value->size() : 0);
  return sum;
}

Result<std::unique_ptr<PreparedTransaction>> PreparedTransaction::make(std::vector<ActionRequest> requests, ActOptions options,
                                                                       std::shared_ptr<const Domain> domain, const Limits& limits,
                                                                       std::vector<std::shared_ptr<const UndoPlan>> undos) {
  FORGE_TRY(check_count(requests.size(), limits));
  FORGE_TRY(check_options(options));
  std::unique_ptr<PreparedTransaction> out(new PreparedTransaction);
  out->requests_ = std::move(requests);
  out->undos_ = std::move(undos);
  out->options_ = std::move(options);
  FORGE_TRY(out->prepare_again(std::move(domain)));
  if (!out->options_.idempotency_key.empty()) out->take_digest();
  if (const auto& checkpoint = out->options_.checkpoint) {
    FORGE_ASSIGN(RowWrite row, named_checkpoint_row(checkpoint->name, checkpoint->value));
    out->rows_.push_back(std::move(row));
  }
  out->note_generic();
  if (out->is_generic() && !out->undos_.empty()) {
    return Status(ErrorId::kUndoRefused, "a generic action and an undo cannot be one transaction")
        .why("what " + out->generic_ + " comes to is not known yet")
        .remedy("issue them one after the other");
  }
  out->is_made_ = true;
  return out;
}

// Secret arguments are noted as hidden.
void PreparedTransaction::note_generic() {
  List arguments;
  for (const PreparedAction& asked : actions_) {
    if (asked.action == nullptr || asked.action->kind != ActionKind::kGeneric) continue;
    generic_ += (generic_.empty() ? "" : ", ") + asked.action->name;
    arguments.emplace_back(row_to_object(asked.action->arguments, asked.arguments));
  }
  if (!arguments.empty()) append_json(generic_arguments_, arguments);
}

// What the actions asked for allow in time holds for those that they came to.
Status PreparedTransaction::plan(std::vector<ActionRequest> requests, const Limits& limits) {
  FORGE_TRY(check_count(requests.size(), limits));
  requests_ = std::move(requests);
  options_.timeout = timeout_;
  return prepare_again(domain_);
}

std::unique_ptr<PreparedTransaction> PreparedTransaction::of_rows(std::vector<RowWrite> rows) {
  std::unique_ptr<PreparedTransaction> out(new PreparedTransaction);
  out->carry(std::move(rows));
  return out;
}

Status PreparedTransaction::prepare_again(std::shared_ptr<const Domain> domain) {
  domain_ = std::move(domain);
  timeout_ = options_.timeout;
  added_.clear();
  actions_.clear();
  actions_.reserve(requests_.size());
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const bool undoes = requests_[i].undoes.has_value();
    FORGE_ASSIGN(PreparedAction action, undoes ? prepare_undo(undos_.at(i)) : prepare(requests_[i]));
    actions_.push_back(std::move(action));
  }
  return options_.follow_up ? Status() : check_complete();
}

Status PreparedTransaction::check_complete() const {
  return check_partners(actions_);
}

Status PreparedTransaction::add(ActionRequest request, const Limits& limits) {
  FORGE_TRY(check_count(actions_.size() + 1, limits));
  if (request.undoes) {
    return Status(ErrorId::kUndoRefused, "a follow-up cannot take event " + std::to_string(*request.undoes) + " back")
        .remedy("ask for it with the transaction's own actions");
  }
  const Action* action = domain_->find_action(request.action);
  if (action != nullptr && action->kind == ActionKind::kGeneric) {
    return Status(ErrorId::kUnknownAction, "a follow-up cannot issue the generic action " + action->name)
        .why("what it comes to is planned before a transaction is decided");
  }
  added_.push_back(std::move(request));
  FORGE_ASSIGN(PreparedAction prepared, prepare(added_.back()));
  actions_.push_back(std::move(prepared));
  return {};
}

Result<PreparedAction> PreparedTransaction::prepare_undo(const std::shared_ptr<const UndoPlan>& plan) const {
  PreparedAction out;
  if (plan == nullptr) return out;
  if (plan->domain != domain_) return undo_outdated(plan->seq, name_of_record(*plan->action->resource, plan->key));
  out.action = plan->action;
  out.key = plan->key;
  out.undo = plan;
  return out;
}

Result<PreparedAction> PreparedTransaction::prepare(const ActionRequest& request) {
  PreparedAction out;
  out.if_version = request.if_version;
  FORGE_ASSIGN(out.action, domain_->get_action(request.action));
  const Action& action = *out.action;
  if (action.kind == ActionKind::kReads) {
    return Status(ErrorId::kActionReads, action.name + " is a query")
        .why("it changes nothing")
        .remedy("ask it: forgectl query " + action.name);
  }
  if (action.undoes) {
    return Status(ErrorId::kUnknownAction, "'" + action.name + "' is not to be issued as an action")
        .why("it records that an event was taken back")
        .remedy("undo the event: forgectl undo SEQ");
  }
  if (action.kind == ActionKind::kGeneric && is_made_) {
    return Status(ErrorId::kSchemaDiffers, "the schema changed while " + action.name + " waited")
        .why("it is generic now, and no target has been asked")
        .remedy("ask again");
  }
  FORGE_TRY(row_from_object(action.arguments, request.args, request.action, memory_, out.arguments, action.implicit_key));
  if (action.changes_record()) FORGE_TRY(read_key(request, out));
  FORGE_TRY(check_given(action, out.arguments));
  const bool is_sooner = action.timeout.count() > 0 && (timeout_.count() == 0 || action.timeout < timeout_);
  if (is_sooner) timeout_ = action.timeout;
  return out;
}

// A part that no declared argument holds is read as the record's own field. Only a key of one text, without
// limits, may be left to be made.
Status PreparedTransaction::read_key(const ActionRequest& request, PreparedAction& out) {
  const Resource& resource = *out.action->resource;
  for (std::size_t i = 0; i < resource.key_fields.size(); ++i) {
    const Field& field = resource.record.fields[resource.key_fields[i]];
    const int argument = out.action->key_arguments[i];
    Cell cell;
    if (argument >= 0) {
      cell = out.arguments[static_cast<std::size_t>(argument)];
    } else if (const Value* given = request.args.find(field.name)) {
      FORGE_ASSIGN(cell, cell_from_value(field, *given, request.action, memory_));
    }
    if (!cell.is_null()) {
      if (field.limits != nullptr && makes_records(*out.action)) FORGE_TRY(check_limits(field, cell, request.action));
      FORGE_TRY(append_key_part(field, cell, out.key));
      continue;
    }
    // What is made would not heed the limits.
    const bool is_single = resource.key_fields.size() == 1;
    const bool is_makeable = is_single && field.type == BaseType::kText && field.limits == nullptr;
    if (is_makeable && out.action->kind == ActionKind::kCreates) return {};
    return Status(ErrorId::kArgumentMissing, request.action + " needs " + field.name)
        .why((is_single ? "it is the key of " : "it is part of the key of ") + resource.name);
  }
  return {};
}

// What was asked is who asked it, too: policies depend on the actor.
void PreparedTransaction::take_digest() {
  std::string bytes;
  append_text(options_.actor.id, bytes);
  append_text(options_.actor.role, bytes);
  bytes.push_back(options_.condition ? 1 : 0);
  if (options_.condition) append_condition(*options_.condition, bytes);
  for (std::size_t request = 0; request < actions_.size(); ++request) {
    const PreparedAction& action = actions_[request];
    if (const std::optional<Seq>& undoes = requests_[request].undoes) {
      const std::optional<Version>& version = requests_[request].if_version;
      append_text("_undo", bytes);
      append_u64(bytes, *undoes);
      append_u64(bytes, version ? *version + 1 : 0);
      continue;
    }
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
