//! Rows as a workbook (Office Open XML), written while they are read. Its texts are texts: `0012` stays `0012`.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use super::file::Cell;

pub const CONTENT_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// As many as Excel opens.
const ROWS_OF_SHEET: u32 = 1_048_576;

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const SHEET: &str = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
const SHEET_END: &str = "</sheetData></worksheet>";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// A workbook that grows row by row. What was written so far is taken out of it.
pub struct Workbook {
    zip: ZipWriter<StreamWriter<Taken>>,
    taken: Taken,
    head: Vec<Cell>,
    sheets: u32,
    rows: u32,
}

impl Workbook {
    /// # Errors
    /// It cannot be written.
    pub fn new(head: Vec<Cell>) -> io::Result<Self> {
        let taken = Taken::default();
        let mut workbook = Self { zip: ZipWriter::new_stream(taken.clone()), taken, head, sheets: 0, rows: 0 };
        workbook.begin_sheet()?;
        Ok(workbook)
    }

    /// # Errors
    /// It cannot be written.
    pub fn add(&mut self, cells: impl IntoIterator<Item = Cell>) -> io::Result<()> {
        if self.rows == ROWS_OF_SHEET {
            self.zip.write_all(SHEET_END.as_bytes())?;
            self.begin_sheet()?;
        }
        self.rows += 1;
        let cells: String = cells.into_iter().map(written).collect();
        write!(self.zip, "<row>{cells}</row>")
    }

    /// The bytes that are ready to be sent.
    pub fn take(&mut self) -> Vec<u8> {
        self.taken.take()
    }

    /// What names the sheets is written last, when it is known how many there are.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        self.zip.write_all(SHEET_END.as_bytes())?;
        let sheets = 1..=self.sheets;
        let list: String =
            sheets.clone().map(|n| format!(r#"<sheet name="Payments {n}" sheetId="{n}" r:id="rId{n}"/>"#)).collect();
        let related: String = sheets
            .clone()
            .map(|n| {
                format!(
                    r#"<Relationship Id="rId{n}" Type="{RELATIONSHIPS}/worksheet" Target="worksheets/sheet{n}.xml"/>"#
                )
            })
            .collect();
        let types: String = sheets
            .map(|n| {
                format!(r#"<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{TYPE}.worksheet+xml"/>"#)
            })
            .collect();
        self.part(
            "xl/workbook.xml",
            &format!(
                r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{RELATIONSHIPS}"><sheets>{list}</sheets></workbook>"#
            ),
        )?;
        self.part(
            "xl/_rels/workbook.xml.rels",
            &format!(r#"<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>"#),
        )?;
        self.part(
            "_rels/.rels",
            &format!(
                r#"<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        )?;
        self.part(
            "[Content_Types].xml",
            &format!(
                r#"<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>{types}</Types>"#
            ),
        )?;
        self.zip.finish()?;
        Ok(self.taken.take())
    }

    fn begin_sheet(&mut self) -> io::Result<()> {
        self.sheets += 1;
        self.rows = 0;
        let name = format!("xl/worksheets/sheet{}.xml", self.sheets);
        self.part(&name, SHEET)?;
        self.add(self.head.clone())
    }

    fn part(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated))?;
        write!(self.zip, "{XML}\n{text}")
    }
}

fn written(cell: Cell) -> String {
    match cell {
        Cell::Number(number) => format!("<c><v>{number}</v></c>"),
        Cell::Text(text) if text.is_empty() => "<c/>".to_owned(),
        Cell::Text(text) => format!(r#"<c t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>"#, escaped(&text)),
    }
}

/// XML has no way to write most control characters. `_x000D_` in a text is one to Excel, unless its underscore is
/// written that way.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '_' if is_escape(text.as_bytes().get(at..at + 7)) => xml.push_str("_x005F_"),
            '\t' | '\n' => xml.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => xml.push(c),
        }
    }
    xml
}

fn is_escape(bytes: Option<&[u8]>) -> bool {
    matches!(bytes, Some([b'_', b'x' | b'X', digits @ .., b'_']) if digits.iter().all(u8::is_ascii_hexdigit))
}

/// What the archive wrote and nobody has sent yet.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<u8>>>);

impl Taken {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Taken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_workbook_is_what_it_was() {
        assert_eq!(escaped("a<b>&\"c\" 한글"), "a&lt;b&gt;&amp;\"c\" 한글");
        assert_eq!(escaped("_x000D_ _x00"), "_x005F_x000D_ _x00");
        assert_eq!(escaped("한_xABCD_"), "한_x005F_xABCD_");
        assert_eq!(escaped("a\u{1}b\u{ffff}"), "ab");
    }

    #[test]
    fn a_sheet_that_is_full_is_followed_by_another() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let mut workbook = Workbook::new(vec![text("head")]).unwrap();
        workbook.rows = ROWS_OF_SHEET - 1;
        workbook.add([text("last")]).unwrap();
        workbook.add([text("first")]).unwrap();
        let bytes = workbook.finish().unwrap();
        let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).unwrap();
        let mut read = |name: &str| io::read_to_string(archive.by_name(name).unwrap()).unwrap();
        assert!(read("xl/worksheets/sheet1.xml").contains("last") && read("xl/workbook.xml").contains("rId2"));
        let second = read("xl/worksheets/sheet2.xml");
        assert!(second.contains("head") && second.contains("first"), "{second}");
    }
}
