// A small pool of threads that divide results among themselves, never a sum.
//
// The threads start when there is first something worth dividing and end with the team, so a team for a small network
// costs nothing. In a forked child, where they do not exist, the work is done in one piece.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace glasshouse {

class Team {
public:
    explicit Team(int size) : size_(size), process_(getpid()) {
        if (size < 1 || size > most) throw std::invalid_argument("a team has 1 to " + std::to_string(most) + " threads, not " + std::to_string(size));
    }
    ~Team() { stop(); }
    Team(const Team&) = delete;

    int size() const { return size_; }

    /// body(begin, end) over [0, count), in one piece unless the work is worth a meeting of the team.
    template <class Body> void divide(std::size_t count, double flops, Body&& body) {
        if (size_ == 1 || flops < worth_dividing || count < 2 || !ready()) return body(std::size_t{0}, count);
        const std::size_t parts = threads_.size() + 1;
        struct Job { Body& body; std::size_t count, parts; } job{body, count, parts};
        context_ = &job;
        task_ = [](void* context, std::size_t member) {
            Job& job = *static_cast<Job*>(context);
            const std::size_t begin = job.count * member / job.parts, end = job.count * (member + 1) / job.parts;
            if (begin < end) job.body(begin, end);
        };
        waiting_.store(static_cast<int>(threads_.size()), std::memory_order_relaxed);
        call();
        task_(&job, 0);
        spin([&] { return waiting_.load(std::memory_order_acquire) == 0; });
        for (int left; (left = waiting_.load(std::memory_order_acquire)) != 0;) waiting_.wait(left);
    }

private:
    static constexpr int most = 1024;
    static constexpr int looks = 2000;                                     // at 20 ns: 40 µs
    static constexpr double worth_dividing = 4e6;                          // flops: about 40 µs of one core

    /// Looks for a while before one goes to sleep: to be woken takes longer than the operations between two meetings.
    template <class Done> static void spin(Done&& done) {
        for (int look = 0; look < looks && !done(); ++look) {
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
    }

    /// Starts the threads on first use; false where this process may not use them.
    bool ready() {
        if (getpid() != process_) return false;
        if (!threads_.empty()) return true;
        try {
            for (int member = 1; member < size_; ++member) threads_.emplace_back([this, member] { follow(member); });
        } catch (const std::system_error&) {                               // no more threads to be had: fewer will do
            if (threads_.empty()) size_ = 1;
        }
        return !threads_.empty();
    }
    void stop() {
        if (getpid() != process_) {
            for (auto& thread : threads_) thread.detach();
            return;
        }
        task_ = nullptr;
        call();
        for (auto& thread : threads_) thread.join();
    }
    void call() {
        round_.fetch_add(1, std::memory_order_release);
        round_.notify_all();
    }
    void follow(int member) {
        for (unsigned seen = 0;;) {
            spin([&] { return round_.load(std::memory_order_acquire) != seen; });
            round_.wait(seen, std::memory_order_acquire);
            ++seen;
            if (task_ == nullptr) return;
            task_(context_, static_cast<std::size_t>(member));
            if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1) waiting_.notify_one();
        }
    }

    int size_;
    const pid_t process_;
    std::vector<std::thread> threads_;
    std::atomic<unsigned> round_{0};
    std::atomic<int> waiting_{0};
    void (*task_)(void*, std::size_t) = nullptr;
    void* context_ = nullptr;
};

}  // namespace glasshouse
