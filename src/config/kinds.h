// The types of options, as people write them.
#pragma once

#include "config/option.h"
#include "core/ip.h"
#include "core/text.h"
#include "core/time.h"
#include "facts/tls.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::config {

[[nodiscard]] Kind<std::string> text_kind(std::string_view type = "a string");
[[nodiscard]] Kind<bool> flag_kind();
[[nodiscard]] Kind<Duration> duration_kind(Duration min, Duration max);
// "256KiB", "100MiB", "1GiB" or a whole number of octets.
[[nodiscard]] Kind<std::uint64_t> octets_kind(std::uint64_t min, std::uint64_t max);
[[nodiscard]] Kind<Endpoint> endpoint_kind();
[[nodiscard]] Kind<IpAddress> address_kind();
[[nodiscard]] Kind<Network> network_kind();
[[nodiscard]] Kind<facts::TlsVersion> tls_version_kind();

[[nodiscard]] std::string quote(std::string_view text);         // a TOML basic string
[[nodiscard]] std::string format_octets(std::uint64_t octets);  // "100MiB"

template <typename Number>
[[nodiscard]] Kind<Number> number_kind(Number min, Number max)
{
    return {fmt::format("a whole number from {} to {}", min, max),
            [min, max](const Node& node) -> std::optional<Number> {
                if (node.kind != Node::Kind::Integer || node.integer < 0) return std::nullopt;
                const auto value = static_cast<std::uint64_t>(node.integer);
                if (value < min || value > max) return std::nullopt;
                return static_cast<Number>(value);
            },
            [](const Number& value) { return std::to_string(value); }};
}

template <typename Enum>
[[nodiscard]] Kind<Enum> choice_kind(std::vector<std::pair<std::string, Enum>> choices)
{
    std::string type = "one of ";
    for (const auto& [text, value] : choices) {
        if (type.size() > 7) type += ", ";
        type += quote(text);
    }
    return {type,
            [choices](const Node& node) -> std::optional<Enum> {
                for (const auto& [text, value] : choices) {
                    if (node.kind == Node::Kind::String && node.string == text) return value;
                }
                return std::nullopt;
            },
            [choices](const Enum& wanted) {
                for (const auto& [text, value] : choices) {
                    if (value == wanted) return quote(text);
                }
                return std::string{};
            }};
}

template <typename T>
[[nodiscard]] Kind<std::vector<T>> list_kind(Kind<T> element)
{
    return {"a list, each " + element.type,
            [read = element.read](const Node& node) -> std::optional<std::vector<T>> {
                if (node.kind != Node::Kind::List) return std::nullopt;
                std::vector<T> values;
                for (const Node& each : node.list) {
                    auto value = read(each);
                    if (!value) return std::nullopt;
                    values.push_back(std::move(*value));
                }
                return values;
            },
            [show = element.show](const std::vector<T>& values) {
                std::string text = "[";
                for (const T& value : values) {
                    if (text.size() > 1) text += ", ";
                    text += show(value);
                }
                return text + "]";
            },
            // The element, not the list: people look for the value.
            [element](const Node& node) -> std::optional<Misfit> {
                if (node.kind != Node::Kind::List) {
                    const auto only = element.read(node);
                    if (!only) return std::nullopt;
                    return Misfit{node.line, quote_node(node) + " does not fit",
                                  "a list, such as [" + element.show(*only) + "]"};
                }
                for (const Node& each : node.list) {
                    if (!element.read(each))
                        return describe_misfit(each, element.type, element.find_misfit);
                }
                return std::nullopt;
            }};
}

}  // namespace hermetic::config
