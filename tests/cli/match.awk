# Whether the lines of the second file are what the first expects (run.sh). Exit 1 when not.
# A backtracking match over lines; `...` takes any number of them.
function line_fits(want, got,    n, parts, i, at) {
    if (index(want, "<*>") == 0)
        return want == got
    n = split_text(want, parts)
    if (substr(got, 1, length(parts[1])) != parts[1])
        return 0
    got = substr(got, length(parts[1]) + 1)
    for (i = 2; i < n; i++) {
        at = index(got, parts[i])
        if (!at)
            return 0
        got = substr(got, at + length(parts[i]))
    }
    return length(got) >= length(parts[n]) && \
        substr(got, length(got) - length(parts[n]) + 1) == parts[n]
}

function split_text(text, parts,    n, at) {
    n = 0
    while ((at = index(text, "<*>")) > 0) {
        parts[++n] = substr(text, 1, at - 1)
        text = substr(text, at + 3)
    }
    parts[++n] = text
    return n
}

function is_gap(text) { return text == "..." || text == "! ..." }

FNR == 1 { file++ }
/^[ \t]*$/ { next }
file == 1 { want[++wants] = $0 }
file == 2 { got[++gots] = $0 }

# The usual way to match with one kind of star: go back to the last one.
END {
    w = g = 1
    star = 0
    while (g <= gots) {
        if (w <= wants && is_gap(want[w])) {
            star = w++
            mark = g
        } else if (w <= wants && line_fits(want[w], got[g])) {
            w++
            g++
        } else if (star) {
            w = star + 1
            g = ++mark
        } else {
            exit 1
        }
    }
    while (w <= wants && is_gap(want[w]))
        w++
    exit w <= wants
}
