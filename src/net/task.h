// Task<T>: a coroutine on one core's loop. The only spelling of awaitable in this project.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hermetic::net {

using Executor = boost::asio::io_context::executor_type;

template <typename T = void>
using Task = boost::asio::awaitable<T, Executor>;

// Completion token: errors come back as values. Inside net/ only.
inline constexpr auto kAwait = boost::asio::as_tuple_t<boost::asio::use_awaitable_t<Executor>>{
    boost::asio::use_awaitable_t<Executor>{}};

}  // namespace hermetic::net
