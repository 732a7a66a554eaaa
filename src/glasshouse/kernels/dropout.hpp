// Dropout (Srivastava et al. 2014): units handed on at random, those that stay made larger, so that the mean stays.
//
// The draw is counter-based (Salmon et al. 2011, Threefry-2x32, 20 rounds): which units of which sample stay is a function
// of seed, step, layer, unit and place in the batch, so it depends on no thread, storage or instruction set, and a run
// that is resumed draws what it would have drawn.
#pragma once

#include <vector>

#include "columns.hpp"

namespace glasshouse {

/// Two words of Threefry for a counter and a key; Word is a 32-bit number or a vector of them.
template <class Word> struct Words { Word first, second; };

template <class Word> inline Words<Word> threefry(Words<Word> counter, Words<std::uint32_t> key) {
    constexpr int rotations[] = {13, 15, 26, 6, 17, 29, 16, 24};
    const std::uint32_t keys[] = {key.first, key.second, 0x1BD11BDAu ^ key.first ^ key.second};
    Word x = counter.first + keys[0], y = counter.second + keys[1];
#pragma GCC unroll 20
    for (unsigned round = 0; round < 20; ++round) {
        const int by = rotations[round % 8];
        x += y;
        y = ((y << by) | (y >> (32 - by))) ^ x;
        if (round % 4 == 3) {
            const unsigned group = round / 4 + 1;
            x += keys[group % 3];
            y += keys[(group + 1) % 3] + group;
        }
    }
    return {x, y};
}

template <class T> struct WordOfEachLane {
    typedef std::uint32_t type __attribute__((vector_size(lanes<T> * sizeof(std::uint32_t))));
};

template <class T>
class Dropout {
public:
    /// `layer` tells the layers of a network apart; `rate` is the share of units that is left out.
    Dropout(Columns<T>& below, Columns<T>& here, double rate, std::uint32_t layer)
        : below_(below), here_(here), layer_(layer), threshold_(static_cast<std::uint32_t>(checked(rate) * 0x1p32)),
          scale_(static_cast<T>(1 / (1 - rate))) {
        if (below.rows != here.rows || below.capacity != here.capacity) throw std::invalid_argument("dropout changes no shape");
        if (here.activation != Activation::identity) throw std::invalid_argument("dropout hands on what it gets: bind identity columns");
        factors_.resize(here.rows * here.stride + line<T>);
    }

    std::size_t rows() const { return here_.rows; }

    /// From now on draw for this step of this seed.
    void draw(Words<std::uint32_t> seed, std::uint64_t step) {
        const auto key = threefry(Words<std::uint32_t>{static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32)}, seed);
        key_ = threefry(Words<std::uint32_t>{layer_, 0}, key);
        on_ = true;
    }
    /// From now on hand everything on.
    void rest() { on_ = false; }

    void forward(std::size_t n) {
        const std::size_t columns = here_.sweep(n);
        for (std::size_t row = 0; row < here_.rows; row += 2)              // a pair of units shares a draw of two words
            for (std::size_t c = 0; c < columns; c += lanes<T>) {
                const auto words = on_ ? threefry(Words<Lanes>{places(c), Lanes{} + static_cast<std::uint32_t>(row / 2)}, key_) : Words<Lanes>{};
                hand_on(row, c, words.first);
                if (row + 1 < here_.rows) hand_on(row + 1, c, words.second);
            }
    }

    void backward(std::size_t n, bool) {
        const std::size_t columns = here_.sweep(n);
        if (here_.delta == nullptr || below_.delta == nullptr) throw std::invalid_argument("these columns keep no delta: bind for training");
        with(below_.activation, [&]<class F>(F) {
            for (std::size_t row = 0; row < here_.rows; ++row)
                for (std::size_t c = 0; c < columns; c += lanes<T>) {
                    const std::size_t at = row * here_.stride + c;
                    Vector<T> gradient = load(here_.delta + at);
                    if (on_) gradient *= load_anywhere(factors_.data() + at);
                    store(below_.delta + at, gradient * F::slope(load(below_.z + at), load(below_.a + at)));
                }
        });
    }

private:
    using Lanes = typename WordOfEachLane<T>::type;

    static double checked(double rate) {
        if (rate >= 0 && rate < 1) return rate;
        throw std::invalid_argument("dropout is " + std::to_string(rate) + ": it must be at least 0 and below 1");
    }
    static Lanes places(std::size_t column) {
        Lanes lane;
        for (std::size_t i = 0; i < lanes<T>; ++i) lane[i] = static_cast<std::uint32_t>(column + i);
        return lane;
    }
    void hand_on(std::size_t row, std::size_t column, Lanes word) {
        const std::size_t at = row * here_.stride + column;
        const Vector<T> a = load(below_.a + at);
        if (!on_) return store(here_.a + at, a);
        const auto stays = __builtin_convertvector(word >= Lanes{} + threshold_, Integers<T>);
        const Vector<T> factor = select(stays, every<T>(scale_), Vector<T>{});
        store_anywhere(factors_.data() + at, factor);
        store(here_.a + at, a * factor);
    }

    Columns<T>&below_, &here_;
    const std::uint32_t layer_, threshold_;
    const T scale_;
    bool on_ = false;
    Words<std::uint32_t> key_{};
    std::vector<T> factors_;
};

}  // namespace glasshouse
