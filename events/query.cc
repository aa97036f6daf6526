#include "forge/events/query.h"

#include "forge/events/domain.h"

namespace forge {

std::string definition_of(const Resource& resource, const Query& query) {
  std::string out = query.where ? query.where->text() : "all";
  for (std::size_t i = 0; i < query.order.size(); ++i) {
    out += (i == 0 ? " order by " : ", ") + resource.record.fields[query.order[i].field].name;
    if (query.order[i].descending) out += " desc";
  }
  if (query.limit > 0) out += " limit " + std::to_string(query.limit);
  return out;
}

}  // namespace forge
