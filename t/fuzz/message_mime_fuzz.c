#include "maildir/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* What the sizes of a run must be, counted again. */
static void check_run(struct bytes all, uint64_t start, uint64_t end, uint64_t crlf, const uint64_t *lines)
{
    uint64_t bare = 0, lf = 0;
    require(start <= end && end <= all.n);
    for (uint64_t i = start; i < end; i++) {
        bool is_lf = all.p[i] == '\n';
        lf += is_lf;
        bare += is_lf && (i == 0 || all.p[i - 1] != '\r');
    }
    require(crlf == end - start + bare && (!lines || *lines == lf));
}

static void check_part(struct bytes all, const struct mime_part *part)
{
    check_run(all, part->header_start, part->header_end, part->crlf_header, NULL);
    check_run(all, part->body_start, part->body_end, part->crlf_body, &part->body_lines);
    require(part->header_end <= part->body_start && part->type && part->subtype && part->encoding);
    require(part->nparams <= MESSAGE_PARAMS_MAX + 1 && part->ndisposition_params <= MESSAGE_PARAMS_MAX);
    require(!(part->multipart && part->rfc822) && (part->nchildren > 0) == (part->multipart || part->rfc822));
    require(!part->rfc822 || part->nchildren == 1);
    uint64_t at = part->body_start;
    unsigned children = 0;
    for (const struct mime_part *child = part->first_child; child; child = child->next, children++) {
        require(child->parent == part && child->header_start >= at && child->body_end <= part->body_end);
        at = child->body_end;
    }
    require(children == part->nchildren);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_same(const struct mime_part *a, const struct mime_part *b)
{
    require(a->header_start == b->header_start && a->header_end == b->header_end &&
            a->body_start == b->body_start && a->body_end == b->body_end && a->crlf_body == b->crlf_body &&
            a->body_lines == b->body_lines);
    require(same_text(a->type, b->type) && same_text(a->subtype, b->subtype) && same_text(a->id, b->id) &&
            same_text(a->encoding, b->encoding) && same_text(a->disposition, b->disposition));
    require(a->nparams == b->nparams && a->multipart == b->multipart && a->rfc822 == b->rfc822);
    for (size_t i = 0; i < a->nparams; i++)
        require(same_text(a->params[i].name, b->params[i].name) &&
                same_text(a->params[i].value, b->params[i].value));
}

/* The next part of the tree, parents first. */
static const struct mime_part *next_part(const struct mime_part *part)
{
    if (part->first_child)
        return part->first_child;
    while (part && !part->next)
        part = part->parent;
    return part ? part->next : NULL;
}

static struct mime_part *parse(struct bytes all, unsigned piece)
{
    struct mime_parser *parser = mime_parser_new();
    while (all.n) {
        size_t n = piece && piece < all.n ? piece : all.n;
        mime_parser_feed(parser, all.p, n);
        all = bytes_skip(all, n);
        piece = piece ? piece * 7 % 31 + 1 : 0;
    }
    return mime_parser_finish(parser);
}

/* Each part lies in its parent, behind its elder siblings; sizes are right; the tree does not depend on how
 * the message was cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes all = bytes_from(data, n);
    struct mime_part *root = parse(all, 0), *cut = parse(all, n ? data[n - 1] % 30 + 1 : 1);
    const struct mime_part *a = root, *b = cut;
    require(root->header_start == 0 && root->body_end == n);
    for (; a && b; a = next_part(a), b = next_part(b)) {
        check_part(all, a);
        check_same(a, b);
    }
    require(!a && !b);
    mime_free(root);
    mime_free(cut);
    return 0;
}
