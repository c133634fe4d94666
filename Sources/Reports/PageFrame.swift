import Mustache

/// A whole page of HTML, or the template of one: what every page of ours begins and ends with.
func pageFrame(generator: String, title: String, style: String, body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="generator" content="\(generator)">
    <title>\(title)</title>
    <style>
    \(style)
    </style>
    </head>
    <body>
    \(body)
    </body>
    </html>
    """
}

/// - Parameters:
///   - page: the template of the page, by its name among `templates`, which may name each other.
/// - Throws: `ReportError.template`.
func rendered(_ page: String, of templates: [String: String], _ context: [String: Any]) throws(ReportError) -> String {
    do {
        let library = MustacheLibrary(templates: try templates.mapValues { try MustacheTemplate(string: $0) })
        guard let text = library.render(context, withTemplate: page) else { throw ReportError.template("no page") }
        return text
    } catch let error as ReportError {
        throw error
    } catch {
        throw .template("\(error)")
    }
}
