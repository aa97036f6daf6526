#pragma once

// Everything that a Domain holds.

#include <string>
#include <vector>

#include "domain_types.h"
#include "forge/events/domain.h"
#include "schema_numbers.h"
#include "schema_reflection.h"

namespace forge::internal {

struct DomainModel {
  std::vector<SourceFile> sources;
  std::string digest;
  Numbering numbering;
  DomainTypes types;
  std::vector<Resource> resources;   // by number
  std::vector<Action> actions;       // by number
  std::vector<Action> undo_actions;  // three for each resource of the schema
};

// Reads types, resources, actions and their rules into `model` and takes their numbers from `numbers`.
// `order` is that of declarations over the files; tables of the file `own` are Forge's. The model is whole only when nothing was
// found; it must not be copied or lose its vectors then, for its parts point at each other.
void read_domain(const ReflectedSchema& reflected, const std::vector<FileOutline>& outlines, const std::vector<std::size_t>& order,
                 std::size_t own, NumberGiver& numbers, SchemaFindings& findings, DomainModel& model);

}  // namespace forge::internal
