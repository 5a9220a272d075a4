#include "admin/json_keys.h"

#include <boost/json/basic_parser_impl.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

namespace hermetic::admin {
namespace {

namespace json = boost::json;
using Error = json::error_code;
using View = json::string_view;

// What Boost.JSON's parser calls; only objects and their names are of interest here.
struct KeyReader {
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    bool on_object_begin(Error&)
    {
        open.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, Error&)
    {
        open.pop_back();
        return true;
    }
    bool on_key_part(View part, std::size_t, Error&)
    {
        key.append(part.data(), part.size());
        return true;
    }
    bool on_key(View part, std::size_t, Error&)
    {
        key.append(part.data(), part.size());
        if (!open.back().insert(key).second && !repeated) repeated = key;
        key.clear();
        return true;
    }

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_array_begin(Error&) { return true; }
    bool on_array_end(std::size_t, Error&) { return true; }
    bool on_string_part(View, std::size_t, Error&) { return true; }
    bool on_string(View, std::size_t, Error&) { return true; }
    bool on_number_part(View, Error&) { return true; }
    bool on_int64(std::int64_t, View, Error&) { return true; }
    bool on_uint64(std::uint64_t, View, Error&) { return true; }
    bool on_double(double, View, Error&) { return true; }
    bool on_bool(bool, Error&) { return true; }
    bool on_null(Error&) { return true; }
    bool on_comment_part(View, Error&) { return true; }
    bool on_comment(View, Error&) { return true; }

    std::vector<std::set<std::string>> open;  // names of each object that has not ended
    std::string key;                          // what has been read of it
    std::optional<std::string> repeated;
};

}  // namespace

std::optional<std::string> find_repeated_key(std::string_view text)
{
    json::basic_parser<KeyReader> parser{json::parse_options{}};
    Error error;
    (void)parser.write_some(false, text.data(), text.size(), error);
    if (error) return std::nullopt;
    return std::move(parser.handler().repeated);
}

}  // namespace hermetic::admin
