#include "forge/events/domain.h"

namespace forge {

const Field& field_of(const Action& action, Partner::Name name) {
  if (name.argument >= 0) return action.arguments.fields[static_cast<std::size_t>(name.argument)];
  const Resource& resource = *action.resource;
  return resource.record.fields[resource.key_fields[static_cast<std::size_t>(name.key_part)]];
}

std::string definition_of(const Action& action, const Partner& partner) {
  std::string out = partner.action->name;
  for (const Partner::Equal& equal : partner.equals) {
    const std::string& theirs = field_of(*partner.action, equal.theirs).name;
    const std::string& own = field_of(action, equal.own).name;
    out += &equal == &partner.equals.front() ? ": " : ", ";
    out += theirs == own ? own : theirs + " = " + own;
  }
  return out;
}

}  // namespace forge
