#include "condition_check.h"

#include <algorithm>

#include "condition_search.h"
#include "forge/events/event.h"

namespace forge::internal {
namespace {

Status condition_failed(const LogCondition& condition, const ConditionMatch& match, Seq head, bool is_staged) {
  const std::string seq = std::to_string(head);
  return Status(ErrorId::kConditionFailed,
                "event " + std::to_string(match.seq) + ", " + match.event + ", is against the append condition")
      .why("it asks for " + condition.text() + (is_staged ? "; that event came while this was on its way" : ""))
      .state("nothing was written; the head is event " + seq)
      .remedy("read again up to event " + seq + ", decide anew, and retry with a condition after that");
}

}  // namespace

void ConditionCheck::restore(Seq head) {
  staged_.clear();
  texts_.clear();
  forgotten_ = undoable_ = 0;
  in_log_ = head;
}

void ConditionCheck::roll_back() {
  if (undoable_ == 0) return;
  const std::size_t kept = staged_.size() - undoable_;
  texts_.resize(staged_[kept].begin);
  staged_.resize(kept);
  undoable_ = 0;
}

void ConditionCheck::note(const Envelope& envelope, std::uint64_t group) {
  FORGE_ASSERT(envelope.seq == in_log_ + staged_.size() + 1);
  staged_.push_back({.group = group,
                     .begin = texts_.size(),
                     .key_size = envelope.key.size(),
                     .resource = envelope.resource,
                     .action = envelope.action});
  texts_.append(envelope.key);
  for (const std::string_view tag : envelope.tags) texts_.append(tag).push_back('\0');
  ++undoable_;
}

void ConditionCheck::forget(std::uint64_t group) {
  while (forgotten_ < staged_.size() && staged_[forgotten_].group <= group) ++forgotten_;
  if (2 * forgotten_ >= staged_.size()) drop_forgotten();
}

// Moves what is left to the front, which is no more than what goes.
void ConditionCheck::drop_forgotten() {
  if (forgotten_ == 0) return;
  const std::size_t bytes = forgotten_ < staged_.size() ? staged_[forgotten_].begin : texts_.size();
  staged_.erase(staged_.begin(), staged_.begin() + static_cast<std::ptrdiff_t>(forgotten_));
  texts_.erase(0, bytes);
  for (Staged& event : staged_) event.begin -= bytes;
  in_log_ += forgotten_;
  forgotten_ = 0;
}

std::string_view ConditionCheck::bytes_of(std::size_t event) const {
  const std::size_t end = event + 1 < staged_.size() ? staged_[event + 1].begin : texts_.size();
  return std::string_view(texts_).substr(staged_[event].begin, end - staged_[event].begin);
}

bool ConditionCheck::has_tag(std::size_t event, const ConditionTag& tag) const {
  const Staged& staged = staged_[event];
  std::string_view bytes = bytes_of(event);
  if (tag.resource != 0) return staged.resource == tag.resource && bytes.substr(0, staged.key_size) == tag.key;
  bytes.remove_prefix(staged.key_size);
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\0');
    if (bytes.substr(0, end) == tag.text) return true;
    bytes.remove_prefix(end + 1);
  }
  return false;
}

bool ConditionCheck::is_wanted(std::size_t event, const LogCondition& condition, std::string_view type) const {
  return std::any_of(condition.items().begin(), condition.items().end(), [&](const LogCondition::Item& item) {
    return item.wants_type(type) &&
           std::all_of(item.tags.begin(), item.tags.end(), [&](const ConditionTag& tag) { return has_tag(event, tag); });
  });
}

// All of them were written under the schema in force: a new one is added with nothing in flight.
std::optional<ConditionMatch> ConditionCheck::find_staged(const LogCondition& condition, Seq from) const {
  const std::shared_ptr<const Domain> domain = catalog_.current();
  for (std::size_t i = std::max(from - in_log_ - 1, forgotten_); i < staged_.size(); ++i) {
    const Staged& event = staged_[i];
    const Action* const action = domain->action(event.resource, event.action);
    if (!is_wanted(i, condition, action == nullptr ? kEmptyTransactionType : std::string_view(action->event_type))) continue;
    Envelope envelope;
    envelope.resource = event.resource;
    envelope.action = event.action;
    envelope.key = bytes_of(i).substr(0, event.key_size);
    return ConditionMatch{.seq = in_log_ + i + 1, .event = name_of_event(envelope, *domain)};
  }
  return std::nullopt;
}

Status ConditionCheck::check(const PreparedCondition& prepared) const {
  const LogCondition& condition = prepared.condition;
  const Seq head = in_log_ + staged_.size();
  if (prepared.match) return condition_failed(condition, *prepared.match, head, false);
  const Seq from = std::max(prepared.searched_to, condition.after()) + 1;
  const Seq in_log = in_log_ + forgotten_;
  FORGE_ASSIGN(const std::optional<ConditionMatch> found, find_match(database_, catalog_, condition, from, in_log));
  if (found) return condition_failed(condition, *found, head, false);
  const std::optional<ConditionMatch> staged = find_staged(condition, std::max(from, in_log + 1));
  return staged ? condition_failed(condition, *staged, head, true) : Status();
}

}  // namespace forge::internal
