#include "record_name.h"

#include "forge/events/key.h"

namespace forge::internal {

std::string name_of_record(const Resource& resource, std::string_view key, bool secret) {
  if (secret) return resource.name + " " + std::string(kSecretShown);
  const Result<std::string> text = key_text(resource, key);
  return resource.name + " " + (text.ok() ? *text : std::string("''"));  // a value may be empty, a key may not
}

}  // namespace forge::internal
