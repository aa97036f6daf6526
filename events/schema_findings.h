#pragma once

// The errors found in a set of schema files, each with its place, collected while reading goes on.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/domain.h"
#include "forge/events/rule.h"
#include "forge/events/status.h"
#include "quote.h"

namespace forge::internal {

// A position in one of the files that are read together.
struct SchemaPlace {
  std::size_t file = 0;
  Position position;
};

class SchemaFindings {
 public:
  // `files` outlives the findings.
  explicit SchemaFindings(const std::vector<SourceFile>& files) : files_(files) {}

  // Keeps a place that `status` already has. Of more than 1,000 findings the first 1,000 are kept.
  void add(SchemaPlace place, Status status);
  bool empty() const { return findings_.empty(); }
  std::size_t size() const { return findings_.size(); }
  bool any_on_line(SchemaPlace place) const;
  // "did you mean 'qty'?", or empty when nothing is near or enough was found already.
  std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) const;
  // "shop.fbs:14:30".
  std::string text_of(SchemaPlace place) const;
  const std::vector<SourceFile>& files() const { return files_; }

  // Everything found, by file and position.
  std::vector<Status> take();

 private:
  struct Finding {
    SchemaPlace place;
    Status status;
  };
  const std::vector<SourceFile>& files_;
  std::vector<Finding> findings_;
};

}  // namespace forge::internal
