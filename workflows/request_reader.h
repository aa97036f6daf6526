#pragma once

// Reads what an http step, or a map over pages, asks for. A literal that no request can have is a finding.

#include "table_reader.h"

namespace forge::internal {

// The request that `table` declares: { client, get = …, query, headers, json }.
fb::HttpStepT read_request(const Findings& findings, TableReader& table);

// Finds fault with literals among `headers` that cannot be sent; they stand in the attribute `headers` of `table`.
void check_headers(const Findings& findings, const TableReader& table, const std::vector<std::unique_ptr<fb::NamedT>>& headers);

}  // namespace forge::internal
